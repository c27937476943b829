// A check for test programs that run under mpirun: each rank counts its failures, and main()
// returns whether any.
#pragma once

#include <mpi.h>

#include <cstdio>

namespace pipetrain {

class Checks {
 public:
  void check(bool condition, const char* text, const char* file, int line) {
    if (condition) return;
    ++failures_;
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    std::fprintf(stderr, "%s:%d: rank %d: CHECK(%s) failed\n", file, line, rank, text);
  }
  int exit_code() const { return failures_ == 0 ? 0 : 1; }

 private:
  int failures_ = 0;
};

}  // namespace pipetrain

#define MPI_CHECK(checks, condition) (checks).check((condition), #condition, __FILE__, __LINE__)
