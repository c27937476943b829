#include "comm/mpi/check.h"

#include <cstddef>
#include <limits>

#include "base/error.h"

namespace pipetrain {

std::string mpi_reason(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  return {text, static_cast<std::size_t>(length)};
}

void check_mpi(const char* call, int code) {
  if (code == MPI_SUCCESS) return;
  throw Error(ExitCode::kTimeout,
              std::string(call) + " failed: " + mpi_reason(code) +
                  "; see whether all ranks and the network between them are up");
}

int mpi_count(const char* what, std::size_t elements) {
  constexpr int kLimit = std::numeric_limits<int>::max();
  if (elements > static_cast<std::size_t>(kLimit)) {
    throw Error(ExitCode::kConfiguration,
                std::string(what) + " has " + std::to_string(elements) + " elements, at most " +
                    std::to_string(kLimit) +
                    " fit into one MPI call; use smaller microbatches or more stages");
  }
  return static_cast<int>(elements);
}

}  // namespace pipetrain
