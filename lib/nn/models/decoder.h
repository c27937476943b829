// A decoder-only language model as plain sizes and choices, those in which families of them differ:
// read from a configuration, and written as one. It must not know files of others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/layers/attention_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/mlp.h"
#include "nn/model_config.h"
#include "nn/models/decoder_traits.h"
#include "nn/norm.h"

namespace pipetrain {

struct Decoder {
  DecoderFamily family;
  int depth = 0, heads = 0, kv_heads = 0, width = 0, mlp_width = 0, context = 0, vocabulary = 0;
  int head_width = 0;  // 0: width / heads
  MlpActivation activation = MlpActivation::kGelu;
  NormKind norm = NormKind::kLayer;
  BranchBias bias = BranchBias::kAll;
  float epsilon = kNormEpsilon;  // of the norms
  bool tied = false;             // the last layer's weight is the embedding's table
  bool parallel = false;         // attention and MLP of a block
  bool norm_behind = false, head_norms = false, scaled_embedding = false;
  // Rates of what is added to x, of the embedding and of the attention's weights.
  double dropout = 0, embedding_dropout = 0, attention_dropout = 0;
  bool rotary = false;  // positions; else the embedding adds learned ones
  double theta = kThetaOption.otherwise;
  int rotary_width = 0;  // entries of a head that are turned; 0: all
  RotaryScaling scaling;
  std::vector<bool> turned;                              // by block; empty: all, if any
  int window = 0;                                        // 0: none
  std::vector<bool> windowed;                            // by block; empty: all, if any
  double score_width = 0, score_cap = 0, logit_cap = 0;  // 0: as without

  int width_of_head() const { return head_width > 0 ? head_width : width / heads; }
  bool turns(int block) const {
    return rotary && (turned.empty() || turned[static_cast<std::size_t>(block)]);
  }
  bool has_window(int block) const {
    return window > 0 && (windowed.empty() || windowed[static_cast<std::size_t>(block)]);
  }
  bool operator==(const Decoder&) const = default;
};

// The same model with what does not count left out: a head's width that is the usual one, a list
// that has one answer.
Decoder plain(Decoder model);

struct ReadDecoder {
  Decoder model;
  std::string why_not;  // what the configuration has that no decoder of the families has, or empty
};

// A model whose rows have `context` tokens and whose embedding has `vocabulary` rows; of the first
// family that it fits, else told what it has that the nearest one has not.
ReadDecoder read_decoder(const ModelConfig& config, std::int64_t context, std::int64_t vocabulary,
                         std::span<const DecoderFamily> families);

// The part `model` of a configuration, from which read_decoder makes the same again.
ModelConfig model_config_of(const Decoder& model);

}  // namespace pipetrain
