// Options that attention and MLP share: each is added to its input.
#pragma once

#include "nn/layer_option.h"

namespace pipetrain {

inline constexpr RateOption kBranchDropout{"dropout", "Rate at which what is added is dropped.", 0};
inline constexpr FlagOption kBranchBias{"bias", "Of the products and of the layer norm.", true};

}  // namespace pipetrain
