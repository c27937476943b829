#include <algorithm>
#include <cstdint>
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
HfParser parse_hf_gpt2, parse_hf_opt, parse_hf_gpt_neox, parse_hf_llama, parse_hf_mistral,
    parse_hf_qwen2, parse_hf_qwen3, parse_hf_smollm3, parse_hf_phi3, parse_hf_gemma,
    parse_hf_gemma2;
HfWriter hf_gpt2_config, hf_opt_config, hf_gpt_neox_config, hf_llama_config, hf_mistral_config,
    hf_qwen2_config, hf_qwen3_config, hf_smollm3_config, hf_phi3_config, hf_gemma_config,
    hf_gemma2_config;
HfLister hf_gpt2_tensors, hf_opt_tensors, hf_gpt_neox_tensors, hf_llama_tensors, hf_mistral_tensors,
    hf_qwen2_tensors, hf_qwen3_tensors, hf_smollm3_tensors, hf_phi3_tensors, hf_gemma_tensors,
    hf_gemma2_tensors;

namespace {

using T = DecoderTrait;

// Of Llama and those after it.
constexpr std::uint32_t kBlocks = T::kRmsNorms | T::kRotary;
constexpr std::uint32_t kBlocksMay =
    T::kFewerKvHeads | T::kHeadWidth | T::kLinearRotary | T::kLlama3Rotary;

// clang-format off
constexpr HfFamily kFamilies[] = {
    {.name = "gpt2", .description = "GPT-2 (Radford et al. 2019), with learned positions.",
     .models = {.title = "GPT-2", .preset = "gpt", .needs = 0, .may = T::kRelu},
     .parse = parse_hf_gpt2, .config = hf_gpt2_config, .tensors = hf_gpt2_tensors},
    {.name = "opt", .description = "OPT (Zhang et al., arXiv:2205.01068).",
     .models = {.title = "OPT", .preset = "gpt", .needs = 0, .may = T::kRelu | T::kExactGelu},
     .parse = parse_hf_opt, .config = hf_opt_config, .tensors = hf_opt_tensors},
    {.name = "gpt_neox", .description = "GPT-NeoX (Black et al., arXiv:2204.06745) and Pythia.",
     .models = {.title = "GPT-NeoX", .preset = "gpt", .needs = T::kRotary,
                .may = T::kParallel | T::kPartialRotary | T::kExactGelu | T::kRelu | T::kLinearRotary | T::kLlama3Rotary},
     .head = "embed_out.weight",
     .parse = parse_hf_gpt_neox, .config = hf_gpt_neox_config, .tensors = hf_gpt_neox_tensors},
    {.name = "llama", .description = "Llama (Touvron et al., arXiv:2302.13971), 1 to 3, and SmolLM2.",
     .models = {.title = "Llama", .preset = "llama", .needs = kBlocks | T::kSwiGlu,
                .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases, .dropout = false},
     .parse = parse_hf_llama, .config = hf_llama_config, .tensors = hf_llama_tensors},
    {.name = "mistral", .description = "Mistral (Jiang et al., arXiv:2310.06825), with a window.",
     .models = {.title = "Mistral", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kNoBiases,
                .may = kBlocksMay | T::kWindow, .dropout = false},
     .parse = parse_hf_mistral, .config = hf_mistral_config, .tensors = hf_mistral_tensors},
    {.name = "qwen2", .description = "Qwen2 (Yang et al., arXiv:2407.10671) and 2.5.",
     .models = {.title = "Qwen2", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kQkvBiases,
                .may = kBlocksMay | T::kWindow | T::kSomeWindows, .dropout = false},
     .parse = parse_hf_qwen2, .config = hf_qwen2_config, .tensors = hf_qwen2_tensors},
    {.name = "qwen3", .description = "Qwen3 (Yang et al., arXiv:2505.09388), dense ones.",
     .models = {.title = "Qwen3", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kHeadNorms,
                .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kWindow | T::kSomeWindows, .dropout = false},
     .parse = parse_hf_qwen3, .config = hf_qwen3_config, .tensors = hf_qwen3_tensors},
    {.name = "smollm3", .description = "SmolLM3, some of whose layers have no positions.",
     .models = {.title = "SmolLM3", .preset = "llama", .needs = kBlocks | T::kSwiGlu,
                .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kUnturnedLayers | T::kWindow | T::kSomeWindows,
                .dropout = false},
     .parse = parse_hf_smollm3, .config = hf_smollm3_config, .tensors = hf_smollm3_tensors},
    {.name = "phi3", .description = "Phi-3 (Abdin et al., arXiv:2404.14219), of 4096 tokens.",
     .models = {.title = "Phi-3", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kNoBiases,
                .may = kBlocksMay | T::kWindow | T::kPartialRotary},
     .parse = parse_hf_phi3, .config = hf_phi3_config, .tensors = hf_phi3_tensors},
    {.name = "gemma", .description = "Gemma (Gemma Team, arXiv:2403.08295).",
     .models = {.title = "Gemma", .preset = "llama", .needs = kBlocks | T::kGeGlu | T::kScaledEmbedding,
                .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases, .dropout = false},
     .parse = parse_hf_gemma, .config = hf_gemma_config, .tensors = hf_gemma_tensors},
    {.name = "gemma2", .description = "Gemma 2 (Gemma Team, arXiv:2408.00118).",
     .models = {.title = "Gemma 2", .preset = "llama",
                .needs = kBlocks | T::kGeGlu | T::kScaledEmbedding | T::kNormsBehind,
                .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kScoreCap | T::kLogitCap | T::kScoreWidth |
                       T::kWindow | T::kSomeWindows, .dropout = false},
     .parse = parse_hf_gemma2, .config = hf_gemma2_config, .tensors = hf_gemma2_tensors},
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
