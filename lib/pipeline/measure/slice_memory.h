// The memory that each layer takes for each slice of a microbatch's sequences, and the time: what
// forecasts and plans go by. It must not know schedules.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "nn/layer.h"
#include "nn/sequence_slices.h"
#include "plan/profile.h"

namespace pipetrain {

// As count_layer_memory() (pipeline/measure/layer_costs.h), for each slice and layer. The slices go
// forward in their order and back from the last one, so that a slice's backward finds what later
// ones have left. Without evaluations, which take whole sequences.
std::vector<std::vector<LayerMeasure>> count_slice_memory(
    const std::vector<std::unique_ptr<Layer>>& layers, const TensorPlace& place, std::int64_t rows,
    const SequenceSlices& slices, Ops& ops);

// The same with times, as profile_layers() has them: the median of a few runs, so that both are
// held against each other fairly. Their parts that are made again are timed, too.
std::vector<std::vector<LayerMeasure>> profile_slices(
    const std::vector<std::unique_ptr<Layer>>& layers, const TensorPlace& place, std::int64_t rows,
    const SequenceSlices& slices, Ops& ops, const std::function<void()>& together);

}  // namespace pipetrain
