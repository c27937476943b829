// A description's list of layers with its repeats written out, and what no sequential model can be
// refused. It must not know what the layers are.
#pragma once

#include <cstddef>
#include <vector>

#include "nn/model_config.h"

namespace pipetrain {

// Most layers of a model: a slip in `repeat` should not take all memory.
constexpr std::size_t kMaxLayers = 10'000;

// Every entry in order; `entries` outlives the result. Error(kConfiguration) names file and line of
// a skip from block to block, and of a repeat without end.
std::vector<const LayerEntry*> unrolled(const std::vector<LayerEntry>& entries);

}  // namespace pipetrain
