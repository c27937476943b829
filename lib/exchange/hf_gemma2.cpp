// Hugging Face's Gemma 2: Gemma's blocks with norms behind attention and MLP, caps of scores and
// logits, and a window in every other layer (Gemma Team, arXiv:2408.00118, section 2).
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_gemma2(const HfFields& fields) {
  Decoder model = parse_hf_blocks(fields, {.context = 8192,
                                           .kv_heads = 4,
                                           .head_width = 256,
                                           .tied = true,
                                           .activation = MlpActivation::kGeGlu});
  model.scaled_embedding = true;
  model.norm_behind = true;
  model.score_width = fields.positive("query_pre_attn_scalar", 256);
  const auto cap = [&](const char* key, double otherwise) {
    return fields.is_null(key) ? 0 : fields.positive(key, otherwise);
  };
  model.score_cap = cap("attn_logit_softcapping", 50);
  model.logit_cap = cap("final_logit_softcapping", 30);
  parse_hf_windows(
      fields, /*allowed=*/true, /*otherwise=*/4096, [](int layer) { return layer % 2 == 0; },
      model);
  return model;
}

nlohmann::ordered_json hf_gemma2_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  const auto or_null = [](double cap) {
    return cap > 0 ? nlohmann::ordered_json(cap) : nlohmann::ordered_json();
  };
  config["hidden_activation"] = config["hidden_act"];
  const double width = model.score_width > 0 ? model.score_width : model.width_of_head();
  config["query_pre_attn_scalar"] = width;
  if (width == std::floor(width)) config["query_pre_attn_scalar"] = static_cast<int>(width);
  config["attn_logit_softcapping"] = or_null(model.score_cap);
  config["final_logit_softcapping"] = or_null(model.logit_cap);
  config["sliding_window"] = model.window > 0 ? model.window : model.context;
  config["layer_types"] = hf_layer_types(model);
  return config;
}

std::vector<HfTensor> hf_gemma2_tensors(const Decoder& model) {
  return hf_blocks_tensors(model, {.norm_added = 1,
                                   .mlp_norm = "pre_feedforward_layernorm",
                                   .norm_behind_attention = "post_attention_layernorm",
                                   .norm_behind_mlp = "post_feedforward_layernorm"});
}

}  // namespace pipetrain
