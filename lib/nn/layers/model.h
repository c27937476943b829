// From a model's description to its layers, in order. It must not know how layers are shared out
// between ranks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "nn/layer.h"
#include "nn/model_config.h"

namespace pipetrain {

// What the data tells about the model: its input rows, and what the numbers in them and in the
// targets may be.
struct DataShape {
  Shape row;  // (T) token ids, or (H, W, C) images
  DType dtype = DType::kInt32;
  std::int64_t vocabulary = 0;  // of tokens, for `vocabulary: auto`
  std::int64_t classes = 0;     // targets are below it, for `features: classes`
};

// All layers, `repeat` unrolled, a transformer block as its two halves; named
// "layers.<index>.<kind>". They hold no memory yet. Error(kConfiguration) names file and line of a
// layer that is unknown or does not fit. For a rank of a tensor-parallel group the layers that can
// be shared are its slices of them: attention by heads, MLPs by hidden columns, the embedding of
// tokens and a last linear layer over the vocabulary by its rows. All others are whole on every
// rank, which give the same bits, since they get the same. What passes between layers is of the
// kind `activations`.
LayerList build_layers(const ModelConfig& config, const DataShape& data,
                       const TensorPlace& place = {}, DType activations = DType::kFloat32);

// Why so many ranks cannot share the layers of a model that can be built; nothing if build_layers
// makes them.
std::optional<std::string> why_not_built(const ModelConfig& config, const DataShape& data,
                                         int tensor);

// Trainable entries of the whole model, a tied parameter counted once; and the FLOP of a training
// step's matrix products per row: three times the forward's (Kaplan et al., arXiv:2001.08361,
// section 2.1).
std::int64_t parameter_count(const LayerList& layers);
double training_flop_per_row(const LayerList& layers);

}  // namespace pipetrain
