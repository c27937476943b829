#include "comm/mpi/communicator.h"

#include "comm/mpi/check.h"

namespace pipetrain {

bool mpi_is_up() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  return finalized == 0;
}

Communicator::Communicator(const std::vector<int>& world_ranks) {
  MPI_Group world = MPI_GROUP_NULL, group = MPI_GROUP_NULL;
  check_mpi("MPI_Comm_group", MPI_Comm_group(MPI_COMM_WORLD, &world));
  check_mpi("MPI_Group_incl", MPI_Group_incl(world, static_cast<int>(world_ranks.size()),
                                             world_ranks.data(), &group));
  // The tag tells apart groups that are made at the same time; ours are made one after the other.
  constexpr int kTag = 0;
  check_mpi("MPI_Comm_create_group", MPI_Comm_create_group(MPI_COMM_WORLD, group, kTag, &handle_));
  check_mpi("MPI_Group_free", MPI_Group_free(&group));
  check_mpi("MPI_Group_free", MPI_Group_free(&world));
  check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(handle_, MPI_ERRORS_RETURN));
}

Communicator::~Communicator() {
  if (handle_ != MPI_COMM_NULL && mpi_is_up()) MPI_Comm_free(&handle_);
}

Communicator Communicator::duplicate() const {
  Communicator copy;  // inherits the error handler
  check_mpi("MPI_Comm_dup", MPI_Comm_dup(handle_, &copy.handle_));
  return copy;
}

int Communicator::rank() const {
  int rank = 0;
  check_mpi("MPI_Comm_rank", MPI_Comm_rank(handle_, &rank));
  return rank;
}

int Communicator::size() const {
  int size = 0;
  check_mpi("MPI_Comm_size", MPI_Comm_size(handle_, &size));
  return size;
}

}  // namespace pipetrain
