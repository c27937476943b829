#include "pipeline/measure/slice_memory.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace slice_memory_test {

namespace {

constexpr std::int64_t kTokens = 512, kRows = 2;

std::int64_t bytes_of(const Blocks& blocks) {
  std::int64_t bytes = 0;
  for (const auto& [size, count] : blocks) bytes += size * count;
  return bytes;
}

}  // namespace

TEST_CASE("Slices are timed, with the memory that counting finds") {
  const LayerList layers =
      build_layers({.preset = "gpt", .depth = 1, .heads = 2, .width = 64, .context = kTokens},
                   {.row = {kTokens}, .vocabulary = 11});
  const SequenceSlices slices({0, 256, kTokens});
  MemoryPool pool;
  Ops ops(pool);
  int meetings = 0;
  const auto timed = profile_slices(layers, {}, kRows, slices, ops, [&] { ++meetings; });
  const auto counted = count_slice_memory(layers, {}, kRows, slices, ops);
  CHECK(meetings > 1);
  REQUIRE(timed.size() == 2);
  for (std::size_t s = 0; s < timed.size(); ++s) {
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      CAPTURE(s, layers[layer]->name());
      const LayerMeasure& measure = timed[s][layer];
      CHECK(measure.cost.forward > 0);
      CHECK(measure.cost.total() < 1);
      CHECK(bytes_of(measure.forward.after) == bytes_of(counted[s][layer].forward.after));
    }
  }
}

TEST_CASE("What slices take is back once all have gone backward, and later ones leave sums") {
  const LayerList layers =
      build_layers({.preset = "llama", .depth = 1, .heads = 2, .width = 64, .context = kTokens},
                   {.row = {kTokens}, .vocabulary = 11});
  const SequenceSlices slices({0, 256, 384, kTokens});
  MemoryPool pool;
  Ops ops(pool);
  const auto measured = count_slice_memory(layers, {}, kRows, slices, ops);
  REQUIRE(measured.size() == 3);
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    CAPTURE(layers[layer]->name());
    std::int64_t left = 0;
    for (const auto& slice : measured) {
      const LayerMeasure& m = slice[layer];
      left += bytes_of(m.forward.after) + bytes_of(m.backward_input.after) +
              bytes_of(m.backward_weight.after);
    }
    // Data and targets are taken with whole microbatches.
    if (layer > 0 && layer + 1 < layers.size()) CHECK(left == 0);
    if (!layers[layer]->attends()) continue;
    // The last slice's backward makes the sums of both others, 2 G D numbers a token; the first
    // one's gives its own back.
    constexpr std::int64_t kSums = kRows * (256 + 128) * 2 * 64 * 4;
    CHECK(bytes_of(measured[2][layer].backward_input.after) >= kSums);
    CHECK(bytes_of(measured[0][layer].backward_input.after) < 0);
  }
}

}  // namespace slice_memory_test
