// Cuts a model by what a step then takes in simulation: the evenest stages need not make the
// shortest step. Pure; it must not know layers or how their costs were measured.
#pragma once

#include <cstddef>
#include <vector>

#include "pipeline/partition.h"
#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// A cut must be worth this much of the step to be taken instead of one that is tried before it, so
// that measured costs that differ by noise give the same cut.
constexpr double kWorthACut = 0.01;

// The cuts worth a try, the plainest first: equal numbers of layers, the fastest slowest stage and,
// with several stages on a rank in one of `placements`, the fastest slowest rank. `rank_speeds`,
// here and below: without any all are 1.
std::vector<Partition> promising_partitions(const std::vector<StageCost>& layer_costs,
                                            const std::vector<Placement>& placements,
                                            const std::vector<double>& rank_speeds = {});

// The first of these steps that is within kWorthACut of the shortest.
std::size_t first_worthwhile(const std::vector<double>& seconds);

// The best of those for this schedule, its cuts then moved layer by layer while the step becomes
// shorter, for about a second of simulation at most. Never slower than the uniform cut.
// Where the vocabulary is over the pipeline, the layers are all but the head, and each rank has a
// `piece` of that.
Partition fastest_partition(const std::vector<StageCost>& layer_costs, const Schedule& schedule,
                            const std::vector<double>& rank_speeds = {},
                            const PieceCost& piece = {});

// A step of the schedule, messages for nothing.
double step_seconds(const std::vector<StageCost>& layer_costs, const Schedule& schedule,
                    const Partition& partition, const std::vector<double>& rank_speeds = {},
                    const PieceCost& piece = {});

}  // namespace pipetrain
