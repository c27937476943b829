// How many threads a rank computes with: what OMP_NUM_THREADS asks for, else its share of the
// cores; and one line where that is not what there is. It must not know what is computed.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "comm/collective.h"
#include "ops/team.h"
#include "setup/world.h"

namespace pipetrain {

struct ThreadsSettled {
  int threads = 1;
  std::string warning;  // what the environment asks for in vain; empty: nothing
};

// As OMP_NUM_THREADS asks, else `share` of the cores. The commands without MPI use this one.
ThreadsSettled settle_threads(int share, const AskedThreads& asked = asked_threads());

// What there is to say of threads, for the log once all is checked.
struct ThreadNotes {
  std::string waiting;                // how threads and ranks wait, if they do so in an unusual way
  std::vector<std::string> bindings;  // which ranks are bound to which cores
  std::vector<std::string> warnings;  // one for each thing that the environment asks for in vain
};

// Collective. A rank's share is its cores divided by the ranks on them, but at most `most`; its
// place then says its threads. `crowded`: why waits must leave their core to others at once; empty:
// they need not. Rank 0 gets what there is to say of any rank.
[[nodiscard]] ThreadNotes settle_threads(RankPlace& place, const std::string& crowded,
                                         Collective& world,
                                         int most = std::numeric_limits<int>::max());

}  // namespace pipetrain
