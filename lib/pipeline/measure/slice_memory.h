// The memory that each layer takes for each slice of a microbatch's sequences: what the forecast of
// a run goes by. It must not know schedules.
#pragma once

#include <cstdint>
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

}  // namespace pipetrain
