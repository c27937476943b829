// Times each layer's F, I and W once, on a microbatch of made-up data: what the partition and the
// planner weigh. It must not know schedules beyond their costs.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "schedule/simulate.h"

namespace pipetrain {

// Seconds of one microbatch of `rows` rows, for each layer; layers of equal kind and shapes are
// timed once. The last layer's F includes the loss.
std::vector<StageCost> measure_layer_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                           std::int64_t rows, Ops& ops);

}  // namespace pipetrain
