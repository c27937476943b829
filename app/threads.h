// How many threads a rank computes with: what OMP_NUM_THREADS asks for, else its share of the
// cores; and one line where that is not what there is. It must not know what is computed.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "comm/mpi/error_report.h"
#include "comm/mpi/session.h"

namespace pipetrain {

struct ThreadsSettled {
  int threads = 1;
  std::string warning;  // what the environment asks for in vain; empty: nothing
};

// As OMP_NUM_THREADS asks, else `share` of the cores. The commands without MPI use this one.
ThreadsSettled settle_threads(int share);

// What there is to say of threads, for the log once all is checked.
struct ThreadNotes {
  std::string waiting;                // how threads and ranks wait, if they do so in an unusual way
  std::vector<std::string> warnings;  // one for each thing that the environment asks for in vain
};

// On all ranks. A rank's share is its cores divided by the ranks on them, but at most `most`. Rank
// 0 gets what there is to say of any rank.
[[nodiscard]] ThreadNotes settle_threads(const MpiSession& session, ErrorReport& report,
                                         Collective& world,
                                         int most = std::numeric_limits<int>::max());
void log_notes(const ThreadNotes& notes);

}  // namespace pipetrain
