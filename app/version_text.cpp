#include "version_text.h"

#include "comm/mpi/launch.h"
#include "ops/ops.h"

namespace pipetrain {

std::string version_text() {
#ifdef __clang__
  const std::string compiler = __VERSION__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  return "pipetrain " PIPETRAIN_VERSION "\nMPI: " + mpi_library() +
         "\nprocessor: " + instruction_set_description() + "\ncompiler: " + compiler;
}

}  // namespace pipetrain
