// What a decoder is written with of transformer blocks, too. It must not know how they compute.
#pragma once

#include "nn/layer_option.h"

namespace pipetrain {

inline constexpr const char* kTransformerBlock = "transformer_block";
inline constexpr FlagOption kParallelOption{
    "parallel", "Attention and MLP both take the block's input, and are one layer.", false};

}  // namespace pipetrain
