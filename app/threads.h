// How many threads a rank computes with: what OMP_NUM_THREADS asks for, else its share of the
// cores; and one line where that is not what there is. It must not know what is computed.
#pragma once

#include <limits>
#include <string>

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

// On all ranks. A rank's share is its cores divided by the ranks on them, but at most `most`. Rank 0
// says what any rank has to warn of.
void settle_threads(const MpiSession& session, ErrorReport& report, Collective& world,
                    int most = std::numeric_limits<int>::max());

}  // namespace pipetrain
