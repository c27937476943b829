// An MPI communicator of one's own over a list of ranks, freed with its owner. Errors come back as
// return codes. It must not know what is sent over it.
#pragma once

#include <mpi.h>

#include <utility>
#include <vector>

namespace pipetrain {

class Communicator {
 public:
  Communicator() = default;
  // Called by exactly these ranks of the world, which get the ranks 0, 1, ... in it in this order.
  explicit Communicator(const std::vector<int>& world_ranks);
  ~Communicator();
  Communicator(Communicator&& other) noexcept : handle_(other.release()) {}
  Communicator& operator=(Communicator&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  Communicator duplicate() const;  // by all its ranks
  MPI_Comm get() const { return handle_; }
  int rank() const;
  int size() const;
  // Gives the handle up without freeing it: what is left on it will never complete.
  MPI_Comm release() { return std::exchange(handle_, MPI_COMM_NULL); }

 private:
  MPI_Comm handle_ = MPI_COMM_NULL;
};

bool mpi_is_up();  // between MPI_Init and MPI_Finalize

}  // namespace pipetrain
