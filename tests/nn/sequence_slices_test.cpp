#include "nn/sequence_slices.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace sequence_slices_test {

namespace {

LayerList gpt(int width, std::int64_t context) {
  return build_layers({.preset = "gpt",
                       .depth = 1,
                       .heads = 1,
                       .width = width,
                       .context = static_cast<int>(context)},
                      {.row = {context}, .vocabulary = 11});
}

double work(const LayerList& layers, std::int64_t tokens) {
  double sum = 0;
  for (const auto& layer : layers) sum += layer->forward_flop_of_first(tokens);
  return sum;
}

}  // namespace

TEST_CASE("Slices are of equal work: later tokens attend to more, so later slices are shorter") {
  const LayerList layers = gpt(8, 1024);
  const SequenceSlices slices = slices_of_equal_work(layers, 4);
  REQUIRE(slices.count() == 4);
  CHECK(slices.first(0) == 0);
  CHECK(slices.row_tokens() == 1024);
  for (int s = 0; s < 4; ++s) {
    const std::int64_t end = slices.first(s) + slices.tokens(s);
    if (s > 0) CHECK(slices.tokens(s) < slices.tokens(s - 1));
    if (s < 3) CHECK(slices.first(s + 1) == end);
    CHECK(work(layers, end) - work(layers, slices.first(s)) ==
          Approx(work(layers, 1024) / 4).epsilon(0.01));
  }
}

TEST_CASE("A row's work is that of all of its tokens, with or without a window") {
  for (const int window : {0, 3, 40}) {
    ModelConfig config{.preset = "llama", .depth = 1, .heads = 2, .width = 8, .context = 16};
    const LayerList layers = build_layers(config, {.row = {16}, .vocabulary = 11});
    CAPTURE(window);
    for (const auto& layer : layers) {
      CHECK(layer->forward_flop_of_first(16) == Approx(layer->forward_flop()));
      CHECK(layer->forward_flop_of_first(0) == 0);
    }
  }
}

TEST_CASE("There are as many slices as asked for, down to a token each") {
  const SequenceSlices slices = slices_of_equal_work(gpt(8, 5), 5);
  for (int s = 0; s < 5; ++s) CHECK(slices.tokens(s) == 1);
  CHECK(slices_of_equal_work(gpt(8, 5), 1).count() == 1);
  CHECK(!SequenceSlices().cut());
}

TEST_CASE("A slice's rows have its tokens, whole rows all") {
  const SequenceSlices slices({0, 3, 4});
  CHECK(slices.of({2, 4, 8}, 0) == Shape{2, 3, 8});
  CHECK(slices.of({2, 4}, 1) == Shape{2, 1});
  CHECK(SequenceSlices().of({2, 4, 8}, 0) == Shape{2, 4, 8});
  MemoryPool pool;
  Tensor whole(pool, {2, 4}, DType::kInt32);
  for (int i = 0; i < 8; ++i) whole.i32()[i] = i;
  const Tensor part = tokens_of_rows(pool, whole, 1, 2);
  CHECK(std::vector(part.i32(), part.i32() + 4) == std::vector<std::int32_t>{1, 2, 5, 6});
}

TEST_CASE("Models whose tokens follow from later ones are not cut") {
  CHECK(why_not_sliced(gpt(8, 8), 8).empty());
  CHECK(contains(why_not_sliced(gpt(8, 8), 9), "8 tokens", "shorter"));
  const LayerList classifier =
      build_layers({.preset = "classifier", .depth = 1, .heads = 1, .width = 8, .context = 8},
                   {.row = {8}, .vocabulary = 11, .classes = 2});
  CHECK(contains(why_not_sliced(classifier, 2), "not causal"));
}

}  // namespace sequence_slices_test
