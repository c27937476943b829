// A transformer encoder whose head gives each row one label, as plain sizes and choices: of images
// (Dosovitskiy et al., arXiv:2010.11929, section 3.1) or of texts (Devlin et al., arXiv:1810.04805,
// section 3). Read from a configuration, and written as one. It must not know files of others.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nn/layers/mlp.h"
#include "nn/model_config.h"

namespace pipetrain {

// Of images: patches, a class token before them, learned positions, blocks with a norm before
// attention and MLP, a norm, and a head on the class token. Of texts: an embedding with positions
// and token types, its norm, blocks with a norm behind each sum, and of the first token a product
// with tanh and then the head.
struct Encoder {
  int depth = 0, heads = 0, width = 0, mlp_width = 0, classes = 0;
  MlpActivation activation = MlpActivation::kExactGelu;
  float epsilon = 1e-12f;  // of the norms
  // Rates of the embedding and what is added to x, of the attention's weights, and, of texts, of
  // what the head takes.
  double dropout = 0, attention_dropout = 0, head_dropout = 0;
  int patch = 0, image = 0, channels = 0;            // of images; pixels along a side
  int vocabulary = 0, context = 0, token_types = 0;  // of texts
  std::vector<std::string> labels = {};              // names of all classes, or none

  bool of_images() const { return patch > 0; }
  // Of a row, the class token included.
  int tokens() const { return of_images() ? 1 + (image / patch) * (image / patch) : context; }
  bool operator==(const Encoder&) const = default;
};

struct ReadEncoder {
  Encoder model;
  std::string why_not;  // what the configuration has that no such encoder has, or empty
};

// The shape of a model's tensor; empty if it has none of this name. A configuration leaves to the
// data what these tell: channels and size of images, vocabulary and classes.
using TensorShapes = std::function<std::vector<std::int64_t>(const std::string& name)>;

ReadEncoder read_encoder(const ModelConfig& config, const TensorShapes& shapes);

// The part `model` of a configuration, from which read_encoder makes the same again.
ModelConfig model_config_of(const Encoder& model);

}  // namespace pipetrain
