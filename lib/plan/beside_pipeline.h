// What a step takes beside its pipeline: the sum over replicas, the update, reading the next batch.
// Pure; it must not know how the model is cut.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/candidate.h"
#include "plan/profile.h"
#include "plan/rank_parameters.h"
#include "schedule/timeline.h"

namespace pipetrain {

// A rank's weights gathered from the replicas, or its gradients scattered to be summed: each sends
// its own share of them to all others, or all but its own.
double gather_seconds(std::int64_t elements, int replicas, const MachineProfile& machine);

// What a rank does in a step.
struct RankPace {
  double idle = 0;  // that it waits anyway: before its first action or, where steps overlap, in all
  double busy = 0;
};
// Of each rank, where a step begins when the one before is over.
std::vector<RankPace> paces_of(const Timeline& timeline);

// Between two steps every rank updates its parameters, and rank 0 reads the next batch. A rank that
// would be idle anyway loses nothing by it. `copies` of every stage are summed, too.
double seconds_beside(const std::vector<RankPace>& paces,
                      const std::vector<RankParameters>& parameters, const MachineProfile& machine,
                      int batch_rows, const Candidate& candidate, int copies = 1);

}  // namespace pipetrain
