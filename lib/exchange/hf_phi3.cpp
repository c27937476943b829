// Hugging Face's Phi-3: Llama's blocks, with queries, keys and values in one tensor, and gate and
// up in another (Abdin et al., arXiv:2404.14219, section 2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_phi3(const HfFields& fields) {
  Decoder model =
      parse_hf_blocks(fields, {.epsilon = 1e-5, .context = 4096, .partial_rotary = true});
  fields.must_be("attention_bias", false);
  parse_hf_windows(fields, /*allowed=*/true, /*otherwise=*/0, [](int) { return true; }, model);
  model.dropout = fields.rate("resid_pdrop", 0);
  model.embedding_dropout = fields.rate("embd_pdrop", 0);
  return model;
}

nlohmann::ordered_json hf_phi3_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  config["sliding_window"] = model.window > 0 ? nlohmann::ordered_json(model.window) : nullptr;
  config["resid_pdrop"] = model.dropout;
  config["embd_pdrop"] = model.embedding_dropout;
  return config;
}

std::vector<HfTensor> hf_phi3_tensors(const Decoder& model) {
  return hf_blocks_tensors(model, {.fused = true});
}

}  // namespace pipetrain
