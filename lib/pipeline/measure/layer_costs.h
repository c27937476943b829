// Times each layer's F, I and W once, on a microbatch of made-up data, and counts the memory that
// they take: what the partition and the planner weigh. It must not know schedules beyond their
// costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "nn/layer.h"
#include "plan/profile.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// `layers` are those of a rank at `place` in a tensor-parallel group: their sums over it are
// counted and take no time.
//
// Seconds and memory of one microbatch of `rows` rows, for each layer; layers of equal kind and
// shapes are measured once. The last layer's F includes the loss. `ops` and its pool serve nothing
// else meanwhile.
std::vector<LayerMeasure> measure_layer_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                              const TensorPlace& place, std::int64_t rows,
                                              Ops& ops);

// Seconds of F, I and W together of one of the layers, to compare ranks by.
double measure_layer_seconds(const std::vector<std::unique_ptr<Layer>>& layers, std::size_t layer,
                             const TensorPlace& place, std::int64_t rows, Ops& ops);

// The memory alone, from one run of each.
std::vector<LayerMeasure> count_layer_memory(const std::vector<std::unique_ptr<Layer>>& layers,
                                             const TensorPlace& place, std::int64_t rows, Ops& ops);

// The same for the planner: median times once everything is warm, as in a run's later steps.
// `together` waits for others that measure the same layers at the same time; it is called before
// each layer that is measured.
std::vector<LayerMeasure> profile_layers(const std::vector<std::unique_ptr<Layer>>& layers,
                                         const TensorPlace& place, std::int64_t rows, Ops& ops,
                                         const std::function<void()>& together);

}  // namespace pipetrain
