// Hugging Face's Qwen3: Llama's blocks, with norms of queries and keys (Yang et al.,
// arXiv:2505.09388, section 2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_qwen3(const HfFields& fields) {
  Decoder model = parse_hf_blocks(fields, {.context = 32768, .kv_heads = 32, .head_width = 128});
  model.head_norms = true;
  parse_hf_late_windows(fields, model);
  return model;
}

nlohmann::ordered_json hf_qwen3_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  hf_write_late_windows(model, config);
  return config;
}

std::vector<HfTensor> hf_qwen3_tensors(const Decoder& model) { return hf_blocks_tensors(model); }

}  // namespace pipetrain
