#include "generate/rounded_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "generate/rank_layers.h"
#include "ops/bfloat16.h"
#include "small_language_model.h"

using namespace pipetrain;

namespace {

// Logits of the last token.
std::vector<float> logits(RankLayers& layers, MemoryPool& pool, std::int64_t position,
                          const std::vector<std::int32_t>& ids) {
  Tensor x(pool, {1, static_cast<std::int64_t>(ids.size())}, DType::kInt32);
  std::copy(ids.begin(), ids.end(), x.i32());
  const Tensor y = layers.forward({0, {position}}, std::move(x), [] {});
  return {y.f32(), y.f32() + y.elements()};
}

void round_in_place(Ops& ops, Parameter& parameter) {
  Tensor rounded(ops.pool(), parameter.shape, DType::kBFloat16);
  round(ops, parameter.elements(), parameter.value, rounded.bf16());
  widen(ops, parameter.elements(), rounded.bf16(), parameter.value);
}

}  // namespace

TEST_CASE("Weights kept in bfloat16 compute what the same weights do in float32") {
  for (const char* preset : {"gpt", "llama"}) {
    CAPTURE(preset);
    const TemporaryFolder at;
    const Checkpoint checkpoint = small_checkpoint(at, preset);
    MemoryPool pool;
    Ops ops(pool);
    LanguageModel wide = open_language_model(checkpoint), narrow = open_language_model(checkpoint);
    RankLayers wide_layers(wide, checkpoint, 0, 1, pool);
    RankLayers narrow_layers(narrow, checkpoint, 0, 1, pool, DType::kBFloat16);
    const std::vector<std::int32_t> prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    const std::vector<float> exact = logits(wide_layers, pool, 0, prompt);
    for (const auto& layer : wide.layers) {
      for (Parameter& parameter : layer->parameters()) {
        if (parameter.is_matrix && !parameter.tied_to_earlier) round_in_place(ops, parameter);
      }
    }
    const std::vector<float> expected = logits(wide_layers, pool, 0, prompt);
    const std::vector<float> found = logits(narrow_layers, pool, 0, prompt);
    float distance = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      distance = std::max(distance, std::fabs(found[i] - expected[i]));
    }
    CHECK(distance < 1e-4f);
    CHECK(exact != expected);
    CHECK(logits(narrow_layers, pool, 0, {7}) == logits(wide_layers, pool, 0, {7}));
    CHECK(logits(narrow_layers, pool, 1, {9}) == logits(wide_layers, pool, 1, {9}));
  }
}

TEST_CASE("Matrices alone are rounded, once for all layers that use them") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = small_checkpoint(at, "gpt");
  MemoryPool pool;
  Ops ops(pool);
  LanguageModel model = open_language_model(checkpoint);
  std::vector<Layer*> layers;
  for (const auto& layer : model.layers) layers.push_back(layer.get());
  const std::size_t before = pool.used_bytes();
  const RoundedWeights rounded(ops, checkpoint, layers);
  std::size_t entries = 0;
  const BFloat16* table = nullptr;
  for (const Layer* layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      CAPTURE(parameter.name);
      CHECK((parameter.rounded != nullptr) == parameter.is_matrix);
      CHECK((parameter.shape.rank() == 2 || !parameter.is_matrix));
      if (parameter.tied_to_earlier) CHECK(parameter.rounded == table);
      if (table == nullptr) table = parameter.rounded;
      if (parameter.is_matrix && !parameter.tied_to_earlier) {
        entries += static_cast<std::size_t>(parameter.elements());
      }
    }
  }
  CHECK(pool.used_bytes() - before == entries * sizeof(BFloat16));
}
