// What layers cost by their shapes alone, where no clock may decide. It must not know what is
// decided by it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "nn/layer.h"
#include "schedule/memory_choices.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Seconds of a microbatch on a made-up processor: products, and for what has none as much as so
// many operations for each entry of the result. Parts of layers that are made again are taken to
// cost nothing.
std::vector<StageCost> counted_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                     const RecomputedLayers& recomputed, std::int64_t rows);

}  // namespace pipetrain
