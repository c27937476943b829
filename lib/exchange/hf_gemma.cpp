// Hugging Face's Gemma: Llama's blocks with GEGLU, a scaled embedding, and norms whose weights are
// kept less 1 (Gemma Team, arXiv:2403.08295, section 2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_gemma(const HfFields& fields) {
  Decoder model = parse_hf_blocks(fields, {.context = 8192,
                                           .kv_heads = 16,
                                           .head_width = 256,
                                           .tied = true,
                                           .activation = MlpActivation::kGeGlu});
  model.scaled_embedding = true;
  return model;
}

nlohmann::ordered_json hf_gemma_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  config["hidden_activation"] = config["hidden_act"];
  return config;
}

std::vector<HfTensor> hf_gemma_tensors(const Decoder& model) {
  return hf_blocks_tensors(model, {.norm_added = 1});
}

}  // namespace pipetrain
