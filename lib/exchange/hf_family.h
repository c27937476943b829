// The families of Hugging Face models that can be exported and imported, one row each. It must not
// know files; a family's own file knows its keys and tensors.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace pipetrain {

class HfFields;
struct HfFamily;

// A model that a family can express, as plain sizes.
struct HfModel {
  const HfFamily* family = nullptr;
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

// A tensor of theirs: some rows of one of ours, which has `columns` entries a row, 0 for one axis.
struct HfTensor {
  std::string name;  // "model.layers.0.self_attn.k_proj.weight"
  std::string own;   // "layers.1.attention.qkv.weight"
  std::int64_t rows = 0, columns = 0;
  std::int64_t first_row = 0, own_rows = 0;
  bool transposed = false;  // theirs is (columns, rows)

  Extents shape() const;  // of theirs
  Extents own_shape() const;
  std::int64_t elements() const { return rows * (columns == 0 ? 1 : columns); }
};

struct HfFamily {
  std::string_view name;  // its model_type
  const char* description;
  const char* title;   // "GPT-2"
  const char* preset;  // ours

  // What its blocks have; all families have their norms before attention and MLP.
  bool rms_norm, bias, rotary, gated_mlp;
  bool fewer_kv_heads;  // than heads
  bool dropout;         // of the embedding and of what is added to x

  HfModel (*parse)(const HfFields& fields);  // of a config.json; `family` is left out
  nlohmann::ordered_json (*config)(const HfModel& model);
  std::vector<HfTensor> (*tensors)(const HfModel& model);  // but for a head that is not tied
};

std::span<const HfFamily> hf_families();
std::vector<std::string> hf_titles();  // of all of them

}  // namespace pipetrain
