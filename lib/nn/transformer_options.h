// The options of norms and of a transformer block's two halves, as a list of layers gives them. It
// must not know what stands before or after the block.
#pragma once

#include <memory>

#include "nn/attention.h"
#include "nn/layer_options.h"
#include "nn/mlp.h"

namespace pipetrain {

float read_epsilon(LayerOptions& options);

// row (T, C). `rotary` is the table of the layers before,
// which is taken if it serves, else replaced. Error(kConfiguration) for what does not fit.
AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary);
MlpOptions read_mlp(LayerOptions& options, const Shape& row, const Starts& starts);

}  // namespace pipetrain
