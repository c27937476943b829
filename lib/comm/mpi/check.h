// The one check that every MPI return code goes through.
// It must not know what the call was for, only its name.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <string>

namespace pipetrain {

// "MPI_ERR_TRUNCATE: message truncated", as the library says it.
std::string mpi_reason(int code);

// Error(kTimeout), the code of communication that failed, "MPI_Isend failed: <reason>; ...".
void check_mpi(const char* call, int code);

// Counts are int in MPI. Error(kConfiguration) above that, naming what was too large.
int mpi_count(const char* what, std::size_t elements);

}  // namespace pipetrain
