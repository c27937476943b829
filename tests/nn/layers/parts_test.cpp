// Rows that come a few tokens at a time, as when a text is generated: the same as whole rows.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace parts_test {

namespace {

constexpr std::int64_t kTokens = 29, kVocabulary = 17, kRows = 2;

// A model with weights, tied ones once; large enough for logits that differ.
class Fixture {
 public:
  explicit Fixture(const ModelConfig& config)
      : layers_(build_layers(config, {.row = {kTokens}, .vocabulary = kVocabulary})) {
    for (const auto& layer : layers_) {
      for (Parameter& parameter : layer->parameters()) parameter.value = weights_of(parameter);
    }
  }

  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  const MemoryPool& pool() const { return pool_; }
  std::size_t primitives() const { return ops_.primitives(); }

  // Logits (B, t, V) of tokens first.. of every row.
  Tensor logits(std::int64_t first, std::int64_t tokens, bool in_parts) {
    Tensor x(pool_, {kRows, tokens}, DType::kInt32);
    for (std::int64_t i = 0; i < x.elements(); ++i) {
      const std::int64_t row = i / tokens, token = first + i % tokens;
      x.i32()[i] =
          static_cast<std::int32_t>((7 * token * token + 3 * token + 5 * row) % kVocabulary);
    }
    const Context context{
        .ops = ops_, .mode = Mode::kEvaluate, .in_parts = in_parts, .first_token = first};
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i]->forward(context, std::move(x), saved_[i]);
    }
    return x;
  }

 private:
  float* weights_of(const Parameter& parameter) {
    const auto [place, is_new] = weights_.try_emplace(parameter.name);
    if (is_new) {
      place->second = Tensor(pool_, parameter.shape);
      const std::uint64_t key = random_key(3, parameter.name);
      const bool constant = parameter.initial.kind == Initial::Kind::kConstant;
      for (std::int64_t i = 0; i < parameter.elements(); ++i) {
        place->second.f32()[i] = (constant ? parameter.initial.scale : 0.0f) +
                                 0.3f * normal_at(key, static_cast<std::uint64_t>(i));
      }
    }
    return place->second.f32();
  }

  MemoryPool pool_;
  Ops ops_{pool_};
  std::map<std::string, Tensor> weights_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Saved> saved_{64};
};

// The largest difference of any logit, over the largest logit.
double difference(Fixture& model, const std::vector<std::int64_t>& parts) {
  const Tensor whole = model.logits(0, kTokens, false);
  double largest = 0, size = 0;
  std::int64_t first = 0;
  for (const std::int64_t tokens : parts) {
    const Tensor part = model.logits(first, tokens, true);
    REQUIRE(part.shape() == Shape{kRows, tokens, kVocabulary});
    for (std::int64_t i = 0; i < part.elements(); ++i) {
      const std::int64_t row = i / (tokens * kVocabulary), at = i % (tokens * kVocabulary);
      const float expected = whole.f32()[(row * kTokens + first) * kVocabulary + at];
      largest = std::max(largest, static_cast<double>(std::abs(part.f32()[i] - expected)));
      size = std::max(size, static_cast<double>(std::abs(expected)));
    }
    first += tokens;
  }
  REQUIRE(first == kTokens);
  return largest / size;
}

ModelConfig gpt() {
  return {
      .preset = "gpt", .depth = 3, .heads = 4, .width = 48, .context = static_cast<int>(kTokens)};
}

ModelConfig llama(int kv_heads) {
  return {.preset = "llama", .depth = 3, .heads = 6, .kv_heads = kv_heads, .width = 48};
}

LayerEntry entry(const std::string& kind,
                 std::vector<std::pair<std::string, std::string>> options = {},
                 std::vector<LayerEntry> layers = {}) {
  return {kind, "model.yaml:7", std::move(options), std::move(layers)};
}

}  // namespace

TEST_CASE("Logits of rows in parts are those of whole rows, to rounding") {
  const std::vector<std::int64_t> one_by_one(kTokens, 1);
  const std::vector<std::vector<std::int64_t>> cuts = {
      one_by_one, {kTokens}, {11, 1, 1, 1, 5, 1, 1, 8}, {26, 1, 1, 1}};
  ModelConfig listed;
  listed.layers = {entry("embedding", {{"width", "24"}, {"positions", "none"}}),
                   entry("positions"),
                   entry("residual", {}, {entry("attention", {{"heads", "3"}}), entry("gelu")}),
                   entry("dropout", {{"rate", "0.3"}}),
                   entry("mlp", {{"activation", "relu"}}),
                   entry("layer_norm"),
                   entry("linear", {{"features", "vocabulary"}})};
  ModelConfig newer;
  newer.layers = {
      entry("embedding", {{"width", "24"}, {"positions", "none"}, {"scaled", "true"}}),
      entry("transformer_block", {{"heads", "4"},
                                  {"kv_heads", "2"},
                                  {"positions", "rotary"},
                                  {"rotary_width", "2"},
                                  {"window", "9"},
                                  {"head_norms", "true"},
                                  {"norm_behind", "true"},
                                  {"score_cap", "3"}}),
      entry("transformer_block", {{"heads", "3"}, {"parallel", "true"}, {"activation", "geglu"}}),
      entry("layer_norm"), entry("linear", {{"features", "vocabulary"}, {"cap", "20"}})};
  for (const ModelConfig& config : {gpt(), llama(6), llama(3), llama(1), listed, newer}) {
    Fixture model(config);
    for (const auto& parts : cuts) {
      INFO(config.preset << " " << config.kv_heads << ", " << parts.size() << " parts");
      CHECK(difference(model, parts) < 1e-5);
    }
  }
}

TEST_CASE("A row begins again over what was kept of another, and nothing is newly allocated") {
  for (const ModelConfig& config : {gpt(), llama(3)}) {
    Fixture model(config);
    const auto run = [&] {
      std::vector<float> all;
      for (std::int64_t first = 0; first < kTokens; first += first == 0 ? 14 : 1) {
        const Tensor part = model.logits(first, first == 0 ? 14 : 1, true);
        all.insert(all.end(), part.f32(), part.f32() + part.elements());
      }
      return all;
    };
    const std::vector<float> once = run();
    const std::size_t allocations = model.pool().system_allocations(),
                      primitives = model.primitives();
    CHECK(run() == once);
    CHECK(model.pool().system_allocations() == allocations);
    CHECK(model.primitives() == primitives);
  }
}

TEST_CASE("Rows may come in parts where no layer sees tokens to come") {
  const auto reach = [](const LayerEntry& layer) {
    ModelConfig config;
    config.layers = {entry("embedding", {{"width", "12"}}), layer};
    return build_layers(config, {.row = {kTokens}, .vocabulary = kVocabulary})[1]->reach();
  };
  CHECK(reach(entry("mlp")) == Reach::kToken);
  CHECK(reach(entry("attention", {{"heads", "2"}})) == Reach::kPast);
  CHECK(reach(entry("attention", {{"heads", "2"}, {"causal", "false"}})) == Reach::kRow);
  CHECK(reach(entry("conv1d", {{"channels", "12"}, {"kernel", "3"}})) == Reach::kRow);
  CHECK(reach(entry("mean_pool")) == Reach::kRow);
  CHECK(reach(entry("residual", {}, {entry("relu")})) == Reach::kToken);
  CHECK(reach(entry("residual", {}, {entry("attention", {{"heads", "2"}})})) == Reach::kPast);
  CHECK(reach(entry("residual", {}, {entry("conv1d", {{"channels", "12"}, {"kernel", "3"}})})) ==
        Reach::kRow);
}

}  // namespace parts_test
