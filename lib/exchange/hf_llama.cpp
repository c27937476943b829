// Hugging Face's Llama: its config.json and its tensors (Touvron et al., arXiv:2302.13971, section
// 2.2; Dubey et al., arXiv:2407.21783, section 3.2).
#include <nlohmann/json.hpp>
#include <vector>

#include "exchange/hf_blocks.h"

namespace pipetrain {

Decoder parse_hf_llama(const HfFields& fields) { return parse_hf_blocks(fields); }

nlohmann::ordered_json hf_llama_config(const Decoder& model) { return hf_blocks_config(model); }

std::vector<HfTensor> hf_llama_tensors(const Decoder& model) { return hf_blocks_tensors(model); }

}  // namespace pipetrain
