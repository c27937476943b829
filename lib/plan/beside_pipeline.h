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

// Between two steps every rank updates its parameters, and rank 0 reads the next batch. A rank that
// would wait for its first input anyway loses nothing by it.
double seconds_beside(const Timeline& timeline, const std::vector<RankParameters>& parameters,
                      const MachineProfile& machine, int batch_rows, const Candidate& candidate);

}  // namespace pipetrain
