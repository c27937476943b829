// A decoder-only language model as plain sizes and choices, those in which families of them differ:
// read from a configuration, and written as one. It must not know files of others.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nn/layers/attention.h"
#include "nn/layers/mlp.h"
#include "nn/model_config.h"
#include "nn/norm.h"

namespace pipetrain {

// What the models of a family have; all have their norms before attention and MLP.
struct DecoderFamily {
  std::string_view title;   // "GPT-2"
  std::string_view preset;  // the one that is most like it
  NormKind norm = NormKind::kLayer;
  bool bias = true;             // of the norms and products
  bool rotary = false;          // positions; else the embedding adds learned ones
  bool gated_mlp = false;       // SwiGLU
  bool fewer_kv_heads = false;  // than heads
  bool dropout = true;          // of the embedding and of what is added to x

  bool operator==(const DecoderFamily&) const = default;
};

struct Decoder {
  DecoderFamily family;
  int depth = 0, heads = 0, kv_heads = 0, width = 0, mlp_width = 0, context = 0, vocabulary = 0;
  MlpActivation activation = MlpActivation::kGelu;
  float epsilon = kNormEpsilon;  // of the norms
  bool tied = false;             // the last layer's weight is the embedding's table
  // Rates of what is added to x, of the embedding and of the attention's weights.
  double dropout = 0, embedding_dropout = 0, attention_dropout = 0;
  double theta = kThetaOption.otherwise;  // of rotary positions

  bool operator==(const Decoder&) const = default;
};

struct ReadDecoder {
  Decoder model;
  std::string why_not;  // what the configuration has that no decoder of the families has, or empty
};

// A model whose rows have `context` tokens and whose embedding has `vocabulary` rows; of the
// families with such positions it is of the one that has most of what its first block has.
ReadDecoder read_decoder(const ModelConfig& config, std::int64_t context, std::int64_t vocabulary,
                         std::span<const DecoderFamily> families);

// The part `model` of a configuration, from which read_decoder makes the same again.
ModelConfig model_config_of(const Decoder& model);

}  // namespace pipetrain
