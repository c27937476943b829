#include "comm/mpi/session.h"

#include <mpi.h>
#include <sched.h>

#include <cstdlib>
#include <exception>
#include <vector>

#include "comm/mpi/check.h"

namespace pipetrain {

namespace {

// Where ranks of a host cannot read each other's memory, as in many containers, Open MPI sends a
// large message in pieces, by default three at each call of the sender: one that computes between
// its polls needs a dozen of them for a megabyte. With this many at a time, one or two do.
void send_more_pieces_at_a_time() {
  setenv("OMPI_MCA_pml_ob1_send_pipeline_depth", "64", /*overwrite=*/0);
}

}  // namespace

MpiSession::MpiSession() : exceptions_at_start_(std::uncaught_exceptions()) {
  send_more_pieces_at_a_time();
  int provided = 0;
  check_mpi("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  check_mpi("MPI_Comm_rank", MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  check_mpi("MPI_Comm_size", MPI_Comm_size(MPI_COMM_WORLD, &size_));
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  check_mpi("MPI_Get_processor_name", MPI_Get_processor_name(name, &length));
  host_.assign(name, static_cast<std::size_t>(length));
  learn_host();
}

void MpiSession::learn_host() {
  MPI_Comm host = MPI_COMM_NULL;
  check_mpi("MPI_Comm_split_type",
            MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host));
  check_mpi("MPI_Comm_size", MPI_Comm_size(host, &ranks_on_host_));

  cpu_set_t mine;
  CPU_ZERO(&mine);
  sched_getaffinity(0, sizeof mine, &mine);
  std::vector<cpu_set_t> all(static_cast<std::size_t>(ranks_on_host_));
  check_mpi("MPI_Allgather",
            MPI_Allgather(&mine, sizeof mine, MPI_BYTE, all.data(), sizeof mine, MPI_BYTE, host));
  cores_ = CPU_COUNT(&mine);
  ranks_sharing_cores_ = 0;
  for (const cpu_set_t& theirs : all) {
    cpu_set_t both;
    CPU_AND(&both, &mine, &theirs);
    if (CPU_COUNT(&both) > 0) ++ranks_sharing_cores_;
  }
  check_mpi("MPI_Comm_free", MPI_Comm_free(&host));
}

MpiSession::~MpiSession() {
  if (std::uncaught_exceptions() > exceptions_at_start_) MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  MPI_Finalize();
}

void MpiSession::abort(int code) const {
  MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace pipetrain
