// A model that Hugging Face's GPT-2 or Llama can express, as plain sizes, and the same as a
// configuration of our own. It must not know files or tensors.
//
// GPT-2: Radford et al. 2019, section 2.3. Llama: Touvron et al., arXiv:2302.13971, section 2.2.
#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"

namespace pipetrain {

enum class HfFamily : std::uint8_t { kGpt2, kLlama };

struct HfModel {
  HfFamily family = HfFamily::kGpt2;
  int depth = 0, heads = 0, kv_heads = 0, width = 0, mlp_width = 0, context = 0, vocabulary = 0;
  float epsilon = 1e-5f;  // of the norms
  bool tied = false;      // the last layer's weight is the embedding's table
  bool relu = false;      // GPT-2's activation; else GELU in its tanh form
  // Rates of what is added to x, of the embedding and of the attention's weights. Llama has only
  // the last; what it has not is for training and does not hold up an export.
  double dropout = 0, embedding_dropout = 0, attention_dropout = 0;
  double theta = 10000;  // of Llama's rotary positions

  bool operator==(const HfModel&) const = default;
};

// The model of a configuration whose embedding has `vocabulary` rows. Error(kConfiguration) names
// what neither family has.
HfModel hf_model_of(const Config& config, std::int64_t vocabulary);

// The part `model` of a configuration, of which hf_model_of makes the same again.
ModelConfig model_config_of(const HfModel& model);

}  // namespace pipetrain
