// Cuts a model's layers into stages. Pure functions of costs; they must not know layers or
// a schedule's actions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/pipeline_config.h"
#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// The first layer of each stage; the first is 0. Every layer is in exactly one stage, and no stage
// is empty.
using Partition = std::vector<int>;

// Stages of equal numbers of layers, the larger ones first.
Partition uniform_partition(int layers, int stages);

// The cut whose slowest stage is as fast as can be, and among those the one of least sum of
// squares: dynamic programming over (layers, stages), O(layers^2 x stages).
Partition balanced_partition(const std::vector<double>& layer_costs, int stages);
// The same for a stage of each speed: at 0.5 it takes twice as long.
Partition balanced_partition(const std::vector<double>& layer_costs,
                             const std::vector<double>& stage_speeds);

// Of each stage, from the ranks'; without any all are 1.
std::vector<double> stage_speeds(const std::vector<double>& rank_speeds,
                                 const Placement& placement);

// The cut whose slowest rank, all its stages together, is as fast as can be, and among those the
// evenest stages. Exact for one stage per rank and for a V, whose ranks are filled from both ends
// inwards: dynamic programming over (layers below, layers above), O(layers^4 / ranks). Other
// placements are improved from the evenest stages cut by cut, so never slower than those. Without
// speeds all ranks' are 1.
Partition rank_balanced_partition(const std::vector<double>& layer_costs,
                                  const Placement& placement,
                                  const std::vector<double>& rank_speeds = {});

double slowest_stage(const std::vector<double>& layer_costs, const Partition& partition,
                     const std::vector<double>& stage_speeds = {});
double slowest_rank(const std::vector<double>& layer_costs, const Partition& partition,
                    const Placement& placement, const std::vector<double>& rank_speeds = {});
// The sum of each stage's layers.
std::vector<StageCost> stage_costs(const std::vector<StageCost>& layer_costs,
                                   const Partition& partition);
// Whether it puts each of `layers` layers into exactly one of `stages` stages, none empty.
bool is_partition(const Partition& partition, int layers, int stages);
// The stage of each layer.
std::vector<int> stage_of_layers(const Partition& partition, int layers);

// Why `layers` cannot be cut so: there are more stages than layers, or a list does not cut them
// into `stages`. Nothing if they can.
std::optional<std::string> why_no_partition(const PipelineConfig& config, int layers, int stages);
// Error(kConfiguration) with that reason.
void check_partition(const PipelineConfig& config, int layers, int stages);

}  // namespace pipetrain
