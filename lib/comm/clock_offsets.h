// How far the clocks of other hosts are ahead of rank 0's, so that spans of all ranks can be laid
// on one time axis. It must not know what is timed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "comm/collective.h"

namespace pipetrain {

// Collective. `host` is this rank's. Per rank: seconds to subtract from its clock's reading to
// have rank 0's. Exactly zero for rank 0's host, whose processes share one clock, and the same for
// all ranks of another host.
//
// Cristian, "Probabilistic clock synchronization" (1989): the other side's reading lies halfway
// between asking and hearing, wrong by at most half the round trip; of several the shortest counts.
std::vector<double> clock_offsets(const std::string& host, Collective& collective,
                                  const std::function<double()>& clock);

}  // namespace pipetrain
