// Hugging Face's Qwen2 and 2.5: Llama's blocks, with biases of queries, keys and values (Yang et
// al., arXiv:2407.10671, section 2.2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_qwen2(const HfFields& fields) {
  Decoder model = parse_hf_blocks(fields, {.context = 32768, .kv_heads = 32});
  model.bias = BranchBias::kQkv;
  parse_hf_late_windows(fields, model);
  return model;
}

nlohmann::ordered_json hf_qwen2_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  hf_write_late_windows(model, config);
  return config;
}

std::vector<HfTensor> hf_qwen2_tensors(const Decoder& model) { return hf_blocks_tensors(model); }

}  // namespace pipetrain
