#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
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

using HfEncoderParser = Encoder(const HfFields& fields);
using HfEncoderWriter = nlohmann::ordered_json(const Encoder& model);
using HfEncoderLister = std::vector<HfTensor>(const Encoder& model);
HfEncoderParser parse_hf_vit, parse_hf_bert;
HfEncoderWriter hf_vit_config, hf_bert_config;
HfEncoderLister hf_vit_tensors, hf_bert_tensors;

namespace {

using T = DecoderTrait;

// Of Llama and those after it.
constexpr std::uint32_t kBlocks = T::kRmsNorms | T::kRotary;
constexpr std::uint32_t kBlocksMay =
    T::kFewerKvHeads | T::kHeadWidth | T::kLinearRotary | T::kLlama3Rotary;

// clang-format off
constexpr HfFamily kFamilies[] = {
    {.name = "gpt2", .description = "GPT-2 (Radford et al. 2019), with learned positions.",
     .architecture = "GPT2LMHeadModel",
     .models = HfDecoders{.models = {.title = "GPT-2", .preset = "gpt", .needs = 0, .may = T::kRelu | T::kExactGelu},
              .parse = parse_hf_gpt2, .config = hf_gpt2_config, .tensors = hf_gpt2_tensors}},
    {.name = "opt", .description = "OPT (Zhang et al., arXiv:2205.01068).",
     .architecture = "OPTForCausalLM",
     .models = HfDecoders{.models = {.title = "OPT", .preset = "gpt", .needs = 0, .may = T::kRelu | T::kExactGelu},
              .parse = parse_hf_opt, .config = hf_opt_config, .tensors = hf_opt_tensors}},
    {.name = "gpt_neox", .description = "GPT-NeoX (Black et al., arXiv:2204.06745) and Pythia.",
     .architecture = "GPTNeoXForCausalLM",
     .models = HfDecoders{.models = {.title = "GPT-NeoX", .preset = "gpt", .needs = T::kRotary,
                         .may = T::kParallel | T::kPartialRotary | T::kExactGelu | T::kRelu | T::kLinearRotary | T::kLlama3Rotary},
              .head = "embed_out.weight",
              .parse = parse_hf_gpt_neox, .config = hf_gpt_neox_config, .tensors = hf_gpt_neox_tensors}},
    {.name = "llama", .description = "Llama (Touvron et al., arXiv:2302.13971), 1 to 3, and SmolLM2.",
     .architecture = "LlamaForCausalLM",
     .models = HfDecoders{.models = {.title = "Llama", .preset = "llama", .needs = kBlocks | T::kSwiGlu,
                         .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases, .dropout = false},
              .parse = parse_hf_llama, .config = hf_llama_config, .tensors = hf_llama_tensors}},
    {.name = "mistral", .description = "Mistral (Jiang et al., arXiv:2310.06825), with a window.",
     .architecture = "MistralForCausalLM",
     .models = HfDecoders{.models = {.title = "Mistral", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kNoBiases,
                         .may = kBlocksMay | T::kWindow, .dropout = false},
              .parse = parse_hf_mistral, .config = hf_mistral_config, .tensors = hf_mistral_tensors}},
    {.name = "qwen2", .description = "Qwen2 (Yang et al., arXiv:2407.10671) and 2.5.",
     .architecture = "Qwen2ForCausalLM",
     .models = HfDecoders{.models = {.title = "Qwen2", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kQkvBiases,
                         .may = kBlocksMay | T::kWindow | T::kSomeWindows, .dropout = false},
              .parse = parse_hf_qwen2, .config = hf_qwen2_config, .tensors = hf_qwen2_tensors}},
    {.name = "qwen3", .description = "Qwen3 (Yang et al., arXiv:2505.09388), dense ones.",
     .architecture = "Qwen3ForCausalLM",
     .models = HfDecoders{.models = {.title = "Qwen3", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kHeadNorms,
                         .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kWindow | T::kSomeWindows, .dropout = false},
              .parse = parse_hf_qwen3, .config = hf_qwen3_config, .tensors = hf_qwen3_tensors}},
    {.name = "smollm3", .description = "SmolLM3, some of whose layers have no positions.",
     .architecture = "SmolLM3ForCausalLM",
     .models = HfDecoders{.models = {.title = "SmolLM3", .preset = "llama", .needs = kBlocks | T::kSwiGlu,
                         .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kUnturnedLayers | T::kWindow | T::kSomeWindows,
                         .dropout = false},
              .parse = parse_hf_smollm3, .config = hf_smollm3_config, .tensors = hf_smollm3_tensors}},
    {.name = "phi3", .description = "Phi-3 (Abdin et al., arXiv:2404.14219), of 4096 tokens.",
     .architecture = "Phi3ForCausalLM",
     .models = HfDecoders{.models = {.title = "Phi-3", .preset = "llama", .needs = kBlocks | T::kSwiGlu | T::kNoBiases,
                         .may = kBlocksMay | T::kWindow | T::kPartialRotary},
              .parse = parse_hf_phi3, .config = hf_phi3_config, .tensors = hf_phi3_tensors}},
    {.name = "gemma", .description = "Gemma (Gemma Team, arXiv:2403.08295).",
     .architecture = "GemmaForCausalLM",
     .models = HfDecoders{.models = {.title = "Gemma", .preset = "llama", .needs = kBlocks | T::kGeGlu | T::kScaledEmbedding,
                         .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases, .dropout = false},
              .parse = parse_hf_gemma, .config = hf_gemma_config, .tensors = hf_gemma_tensors}},
    {.name = "gemma2", .description = "Gemma 2 (Gemma Team, arXiv:2408.00118).",
     .architecture = "Gemma2ForCausalLM",
     .models = HfDecoders{.models = {.title = "Gemma 2", .preset = "llama",
                         .needs = kBlocks | T::kGeGlu | T::kScaledEmbedding | T::kNormsBehind,
                         .may = kBlocksMay | T::kNoBiases | T::kAttentionBiases | T::kScoreCap | T::kLogitCap | T::kScoreWidth |
                                T::kWindow | T::kSomeWindows, .dropout = false},
              .parse = parse_hf_gemma2, .config = hf_gemma2_config, .tensors = hf_gemma2_tensors}},
    {.name = "vit", .description = "ViT (Dosovitskiy et al., arXiv:2010.11929), images with labels.",
     .architecture = "ViTForImageClassification",
     .models = HfEncoders{.title = "ViT", .images = true,
                          .parse = parse_hf_vit, .config = hf_vit_config, .tensors = hf_vit_tensors}},
    {.name = "bert", .description = "BERT (Devlin et al., arXiv:1810.04805), texts with labels.",
     .architecture = "BertForSequenceClassification",
     .models = HfEncoders{.title = "BERT", .images = false,
                          .parse = parse_hf_bert, .config = hf_bert_config, .tensors = hf_bert_tensors}},
};
// clang-format on

}  // namespace

std::span<const HfFamily> hf_families() { return kFamilies; }

std::string_view HfFamily::title() const {
  if (const auto* encoders = std::get_if<HfEncoders>(&models)) return encoders->title;
  return std::get<HfDecoders>(models).models.title;
}

const HfFamily& hf_family_of(const HfModel& model) {
  return *std::ranges::find_if(hf_families(), [&](const HfFamily& family) {
    if (const auto* encoders = std::get_if<HfEncoders>(&family.models)) {
      const auto* const encoder = std::get_if<Encoder>(&model);
      return encoder != nullptr && encoder->of_images() == encoders->images;
    }
    const auto* const decoder = std::get_if<Decoder>(&model);
    return decoder != nullptr && decoder->family == std::get<HfDecoders>(family.models).models;
  });
}

std::vector<std::string> hf_titles() {
  std::vector<std::string> titles;
  for (const HfFamily& family : hf_families()) titles.emplace_back(family.title());
  return titles;
}

}  // namespace pipetrain
