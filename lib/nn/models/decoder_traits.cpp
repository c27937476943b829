#include "nn/models/decoder_traits.h"

#include <bit>

#include "nn/models/decoder.h"

namespace pipetrain {
namespace {

struct TraitRow {
  DecoderTrait::Bit trait;
  const char* name;
  bool (*has)(const Decoder& model);
};

// clang-format off
constexpr TraitRow kTraits[] = {
    {DecoderTrait::kRotary, "rotary positions", [](const Decoder& m) { return m.rotary; }},
    {DecoderTrait::kRmsNorms, "RMS norms", [](const Decoder& m) { return m.norm == NormKind::kRms; }},
    {DecoderTrait::kNormsBehind, "norms behind attention and MLP", [](const Decoder& m) { return m.norm_behind; }},
    {DecoderTrait::kHeadNorms, "norms of queries and keys", [](const Decoder& m) { return m.head_norms; }},
    {DecoderTrait::kPartialRotary, "rotary positions of a part of each head", [](const Decoder& m) { return m.rotary_width > 0; }},
    {DecoderTrait::kLinearRotary, "rotary positions scaled by a factor", [](const Decoder& m) { return m.scaling.stretch == RotaryStretch::kLinear; }},
    {DecoderTrait::kLlama3Rotary, "rotary positions scaled as Llama 3's", [](const Decoder& m) { return m.scaling.stretch == RotaryStretch::kLlama3; }},
    {DecoderTrait::kUnturnedLayers, "layers without positions", [](const Decoder& m) { return !m.turned.empty(); }},
    {DecoderTrait::kFewerKvHeads, "fewer kv_heads than heads", [](const Decoder& m) { return m.kv_heads != m.heads; }},
    {DecoderTrait::kHeadWidth, "heads that do not make up the width", [](const Decoder& m) { return m.head_width > 0; }},
    {DecoderTrait::kNoBiases, "products without biases", [](const Decoder& m) { return m.bias == BranchBias::kNone; }},
    {DecoderTrait::kQkvBiases, "biases of queries, keys and values alone", [](const Decoder& m) { return m.bias == BranchBias::kQkv; }},
    {DecoderTrait::kAttentionBiases, "biases of attention alone", [](const Decoder& m) { return m.bias == BranchBias::kAttention; }},
    {DecoderTrait::kSwiGlu, "SwiGLU", [](const Decoder& m) { return m.activation == MlpActivation::kSwiGlu; }},
    {DecoderTrait::kGeGlu, "GEGLU", [](const Decoder& m) { return m.activation == MlpActivation::kGeGlu; }},
    {DecoderTrait::kRelu, "ReLU", [](const Decoder& m) { return m.activation == MlpActivation::kRelu; }},
    {DecoderTrait::kExactGelu, "GELU other than in its tanh form", [](const Decoder& m) { return m.activation == MlpActivation::kExactGelu; }},
    {DecoderTrait::kWindow, "a window", [](const Decoder& m) { return m.window > 0; }},
    {DecoderTrait::kSomeWindows, "a window in some layers alone", [](const Decoder& m) { return !m.windowed.empty(); }},
    {DecoderTrait::kScoreCap, "a cap of scores", [](const Decoder& m) { return m.score_cap > 0; }},
    {DecoderTrait::kLogitCap, "a cap of logits", [](const Decoder& m) { return m.logit_cap > 0; }},
    {DecoderTrait::kScoreWidth, "scores divided by another number", [](const Decoder& m) { return m.score_width > 0; }},
    {DecoderTrait::kScaledEmbedding, "a scaled embedding", [](const Decoder& m) { return m.scaled_embedding; }},
    {DecoderTrait::kParallel, "attention and MLP in parallel", [](const Decoder& m) { return m.parallel; }},
};
// clang-format on

std::uint32_t missing(const DecoderFamily& family, std::uint32_t traits) {
  return family.needs & ~traits;
}
std::uint32_t more(const DecoderFamily& family, std::uint32_t traits) {
  return traits & ~(family.needs | family.may);
}

std::string told_trait(const char* model_has, const TraitRow& row, const DecoderFamily& family,
                       const char* family_has) {
  return std::string(model_has) + row.name + ", which " + std::string(family.title) + family_has;
}

}  // namespace

std::uint32_t traits_of(const Decoder& model) {
  std::uint32_t traits = 0;
  for (const TraitRow& row : kTraits) traits |= row.has(model) ? row.trait : 0U;
  return traits;
}

std::string why_not_of(const DecoderFamily& family, std::uint32_t traits) {
  for (const TraitRow& row : kTraits) {
    if ((more(family, traits) & row.trait) != 0)
      return told_trait("it has ", row, family, " has not");
    if ((missing(family, traits) & row.trait) != 0)
      return told_trait("it has no ", row, family, " has");
  }
  return {};
}

int distance_from(const DecoderFamily& family, std::uint32_t traits) {
  const std::uint32_t unlike = missing(family, traits) | more(family, traits);
  return std::popcount(unlike) + ((unlike & DecoderTrait::kRotary) != 0 ? 4 : 0);
}

}  // namespace pipetrain
