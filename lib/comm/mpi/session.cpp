#include "comm/mpi/session.h"

#include <mpi.h>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/processors.h"
#include "comm/mpi/check.h"
#include "comm/mpi/launch.h"

namespace pipetrain {

namespace {

// Every rank's, itself among them; they may be of different sizes.
std::vector<ProcessorSet> sets_of_all(const ProcessorSet& mine, MPI_Comm host, int ranks) {
  auto words = static_cast<int>(mine.words().size());
  check_mpi("MPI_Allreduce", MPI_Allreduce(MPI_IN_PLACE, &words, 1, MPI_INT, MPI_MAX, host));
  std::vector<ProcessorSet::Word> own(mine.words().begin(), mine.words().end());
  own.resize(static_cast<std::size_t>(words));
  std::vector<ProcessorSet::Word> all(own.size() * static_cast<std::size_t>(ranks));
  check_mpi("MPI_Allgather", MPI_Allgather(own.data(), words, MPI_UNSIGNED_LONG, all.data(), words,
                                           MPI_UNSIGNED_LONG, host));
  std::vector<ProcessorSet> sets;
  for (auto from = all.begin(); from != all.end(); from += words) {
    sets.emplace_back(std::vector<ProcessorSet::Word>(from, from + words));
  }
  return sets;
}

}  // namespace

MpiSession::MpiSession(std::string crowded)
    : crowded_(std::move(crowded)), exceptions_at_start_(std::uncaught_exceptions()) {
  prepare_launch();
  init_began_ = wall_seconds();
  int provided = 0;
  check_mpi("MPI_Init_thread", MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  if (open_mpi_release() == 0) {
    // MPICH tells these two of what goes wrong with one of several requests.
    for (MPI_Comm comm : {MPI_COMM_WORLD, MPI_COMM_SELF}) {
      check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    }
  }
  check_mpi("MPI_Comm_rank", MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
  check_mpi("MPI_Comm_size", MPI_Comm_size(MPI_COMM_WORLD, &size_));
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  check_mpi("MPI_Get_processor_name", MPI_Get_processor_name(name, &length));
  host_.assign(name, static_cast<std::size_t>(length));
  init_ended_ = wall_seconds();
  learn_host();
}

void MpiSession::learn_host() {
  MPI_Comm host = MPI_COMM_NULL;
  check_mpi("MPI_Comm_split_type",
            MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &host));
  int ranks = 1, mine = 0;
  check_mpi("MPI_Comm_size", MPI_Comm_size(host, &ranks));
  check_mpi("MPI_Comm_rank", MPI_Comm_rank(host, &mine));
  host_ranks_ = {.mine = static_cast<std::size_t>(mine),
                 .processors = sets_of_all(own_processors(), host, ranks)};
  cores_ = cores_of_rank(host_ranks_);
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
