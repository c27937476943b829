#include "generate/rank_layers.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "small_language_model.h"

using namespace pipetrain;

namespace {

// Logits of each row's last token.
std::vector<std::vector<float>> logits(RankLayers& layers, MemoryPool& pool, const KeptRows& rows,
                                       const std::vector<std::int32_t>& ids) {
  const auto count = rows.count(), tokens = static_cast<std::int64_t>(ids.size()) / count;
  Tensor x(pool, {count, tokens}, DType::kInt32);
  std::copy(ids.begin(), ids.end(), x.i32());
  const Tensor y = layers.forward(rows, std::move(x), [] {});
  std::vector<std::vector<float>> found;
  for (std::int64_t row = 0; row < count; ++row) {
    found.emplace_back(y.f32() + row * 256, y.f32() + (row + 1) * 256);
  }
  return found;
}

}  // namespace

TEST_CASE("Rows at several positions have the logits that each has alone") {
  for (const char* preset : {"gpt", "llama"}) {
    const TemporaryFolder at;
    const Checkpoint checkpoint = small_checkpoint(at, preset);
    MemoryPool pool;
    LanguageModel model = open_language_model(checkpoint);
    RankLayers layers(model, checkpoint, 0, 1, pool);
    logits(layers, pool, {0, {0}}, {1, 2, 3});
    logits(layers, pool, {2, {0}}, {9, 8, 7, 6, 5});
    const auto together = logits(layers, pool, {0, {3, 0, 5}}, {40, 0, 50});
    CHECK(together[0] == logits(layers, pool, {0, {3}}, {40})[0]);
    CHECK(together[2] == logits(layers, pool, {2, {5}}, {50})[0]);
    CHECK(together[0] != together[2]);
    CHECK(logits(layers, pool, {1, {0}}, {0})[0] == together[1]);
  }
}

TEST_CASE("A rank has a run of the layers; there are no more ranks than those") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = small_checkpoint(at, "llama");
  MemoryPool pool;
  LanguageModel model = open_language_model(checkpoint);
  const auto layers = static_cast<int>(model.layers.size());
  const RankLayers first(model, checkpoint, 0, layers, pool);
  CHECK(first.weight_bytes() == 0);  // the embedding: a token reads one row of it
  CHECK(!first.takes_last_token_only());
  LanguageModel again = open_language_model(checkpoint);
  RankLayers last(again, checkpoint, layers - 1, layers, pool);
  CHECK(last.takes_last_token_only());
  CHECK(last.width() == 48);
  CHECK(last.weight_bytes() == 256 * 48 * sizeof(float));
  CHECK(last.read_seconds() > 0);
  CHECK_THROWS_AS(RankLayers(again, checkpoint, 0, layers + 1, pool), Error);
}

TEST_CASE("Two ranks read nearly as many weights for a token as each other") {
  const TemporaryFolder at;
  const Checkpoint checkpoint = small_checkpoint(at, "llama");
  MemoryPool pool;
  std::vector<double> bytes;
  for (const int rank : {0, 1}) {
    LanguageModel model = open_language_model(checkpoint);
    bytes.push_back(
        static_cast<double>(RankLayers(model, checkpoint, rank, 2, pool).weight_bytes()));
  }
  CHECK(std::max(bytes[0], bytes[1]) < 0.56 * (bytes[0] + bytes[1]));
}
