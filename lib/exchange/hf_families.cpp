#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "exchange/hf_family.h"
#include "exchange/hf_fields.h"

namespace pipetrain {

// Each is in the file of its family.
using HfParser = Decoder(const HfFields& fields);
using HfWriter = nlohmann::ordered_json(const Decoder& model);
using HfLister = std::vector<HfTensor>(const Decoder& model);
HfParser parse_hf_gpt2, parse_hf_llama;
HfWriter hf_gpt2_config, hf_llama_config;
HfLister hf_gpt2_tensors, hf_llama_tensors;

namespace {

// clang-format off
constexpr HfFamily kFamilies[] = {
    {.name = "gpt2", .description = "GPT-2 (Radford et al. 2019), with learned positions.",
     .models = {.title = "GPT-2", .preset = "gpt",
                .norm = NormKind::kLayer, .bias = true, .rotary = false, .gated_mlp = false,
                .fewer_kv_heads = false, .dropout = true},
     .parse = parse_hf_gpt2, .config = hf_gpt2_config, .tensors = hf_gpt2_tensors},
    {.name = "llama", .description = "Llama (Touvron et al., arXiv:2302.13971), 1 and 2.",
     .models = {.title = "Llama", .preset = "llama",
                .norm = NormKind::kRms, .bias = false, .rotary = true, .gated_mlp = true,
                .fewer_kv_heads = true, .dropout = false},
     .parse = parse_hf_llama, .config = hf_llama_config, .tensors = hf_llama_tensors},
};
// clang-format on

}  // namespace

std::span<const HfFamily> hf_families() { return kFamilies; }

const HfFamily& hf_family_of(const Decoder& model) {
  return *std::ranges::find(hf_families(), model.family, &HfFamily::models);
}

std::vector<std::string> hf_titles() {
  std::vector<std::string> titles;
  for (const HfFamily& family : hf_families()) titles.emplace_back(family.models.title);
  return titles;
}

}  // namespace pipetrain
