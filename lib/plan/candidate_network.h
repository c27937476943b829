// The ranks of a candidate among all ranks: how fast its places are, what links them. Pure; it must
// not know layers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan/candidate.h"
#include "plan/predict.h"
#include "plan/profile.h"
#include "schedule/schedule.h"
#include "schedule/simulate/network.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Of the places of its pipeline; empty: all alike.
std::vector<double> speeds_of(const PlanInputs& inputs, const Candidate& candidate);

// Whether schedules with two copies of every stage are for it: such a run refuses the others, and
// simulates no stage on two ranks of different speeds.
bool may_have_copies(const PlanInputs& inputs, const Candidate& candidate);

// With these speeds, for messages of so many bytes; null where all are alike and no links are told.
std::shared_ptr<const Network> candidate_network(const PlanInputs& inputs,
                                                 const Candidate& candidate,
                                                 std::int64_t message_bytes);

// Measured while all ranks worked at once; where they share cores, each is faster while others
// wait.
Costs shared_out(Costs costs, const Schedule& schedule, const MachineProfile& machine);

// The machine with the rates of messages between ranks that are so far apart.
MachineProfile machine_over(const PlanInputs& inputs, int distance);

}  // namespace pipetrain
