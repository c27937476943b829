// Cuts a model's layers into stages. Pure functions of costs; they must not know layers or
// schedules.
#pragma once

#include <string>
#include <vector>

#include "pipeline/pipeline_config.h"

namespace pipetrain {

// The first layer of each stage; the first is 0. Every layer is in exactly one stage, and no stage
// is empty.
using Partition = std::vector<int>;

// Stages of equal numbers of layers, the larger ones first.
Partition uniform_partition(int layers, int stages);

// The cut whose slowest stage is as fast as can be, and among those the one of least sum of
// squares: dynamic programming over (layers, stages), O(layers^2 x stages).
Partition balanced_partition(const std::vector<double>& layer_costs, int stages);

double slowest_stage(const std::vector<double>& layer_costs, const Partition& partition);
// The stage of each layer.
std::vector<int> stage_of_layers(const Partition& partition, int layers);

// Error(kConfiguration) if there are more stages than layers, or a list does not cut `layers` into
// `stages`.
void check_partition(const PipelineConfig& config, int layers, int stages);

}  // namespace pipetrain
