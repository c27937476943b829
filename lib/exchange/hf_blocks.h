// What configurations and tensors of families like Llama have in common. It must not know any
// family.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "exchange/hf_family.h"
#include "exchange/hf_fields.h"

namespace pipetrain {

// Defaults of a family's class where they are not Llama's.
struct HfBlockDefaults {
  double epsilon = 1e-6, theta = 10000;
  int context = 2048;
  int kv_heads = 0;    // 0: as many as heads
  int head_width = 0;  // 0: width / heads
  bool tied = false;
  bool partial_rotary = false;  // a part of each head may be turned
  MlpActivation activation = MlpActivation::kSwiGlu;
};

// RMS norms, a gated MLP, rotary positions; biases where attention_bias and mlp_bias say so.
Decoder parse_hf_blocks(const HfFields& fields, const HfBlockDefaults& defaults = {});
nlohmann::ordered_json hf_blocks_config(const Decoder& model);
// Of rotary positions: rope_parameters, or rope_theta and rope_scaling, or the older names beside
// them. `turned`: the part of each head unless they say; none where it is always all.
void parse_hf_rotary(const HfFields& fields, double theta, Decoder& model,
                     std::optional<double> turned);

// A window: sliding_window, unless use_sliding_window forbids it, in the layers of layer_types,
// else in those that `has` says.
void parse_hf_windows(const HfFields& fields, bool allowed, int otherwise,
                      const std::function<bool(int layer)>& has, Decoder& model);
// The same where it is the last layers that have one, if use_sliding_window says so.
void parse_hf_late_windows(const HfFields& fields, Decoder& model);
void hf_write_late_windows(const Decoder& model, nlohmann::ordered_json& config);
nlohmann::ordered_json hf_layer_types(const Decoder& model);

// How a family's tensors differ from Llama's.
struct HfBlockTensors {
  bool fused = false;    // queries, keys and values are one tensor, gate and up another
  float norm_added = 0;  // to the weights of norms
  // Before and behind attention and MLP.
  const char *attention_norm = "input_layernorm", *mlp_norm = "post_attention_layernorm";
  const char *norm_behind_attention = nullptr, *norm_behind_mlp = nullptr;
};
std::vector<HfTensor> hf_blocks_tensors(const Decoder& model, const HfBlockTensors& how = {});

}  // namespace pipetrain
