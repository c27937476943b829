#include "version_text.h"

#include "base/machine_names.h"
#include "comm/mpi/launch.h"
#include "ops/ops.h"

namespace pipetrain {

std::string version_text() {
  return "pipetrain " PIPETRAIN_VERSION "\nMPI: " + mpi_library() +
         "\nprocessor: " + instruction_set_description() + "\ncompiler: " + compiler_name();
}

}  // namespace pipetrain
