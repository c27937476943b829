// Hugging Face's Mistral: Llama's blocks, in which a token sees those of a window (Jiang et al.,
// arXiv:2310.06825, section 2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_mistral(const HfFields& fields) {
  Decoder model = parse_hf_blocks(fields, {.context = 131072, .kv_heads = 8});
  parse_hf_windows(fields, /*allowed=*/true, /*otherwise=*/4096, [](int) { return true; }, model);
  return model;
}

nlohmann::ordered_json hf_mistral_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  config["sliding_window"] = model.window > 0 ? nlohmann::ordered_json(model.window) : nullptr;
  return config;
}

std::vector<HfTensor> hf_mistral_tensors(const Decoder& model) { return hf_blocks_tensors(model); }

}  // namespace pipetrain
