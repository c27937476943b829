#include "emulate/wait_layer.h"

#include <cstddef>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "catch.h"
#include "pipeline/recorder.h"

using namespace pipetrain;

namespace {

constexpr StageCost kCost{0.002, 0.004, 0.006};

struct Chain {
  MemoryPool pool;
  Ops ops{pool};
  Context context{.ops = ops};
  std::vector<std::unique_ptr<Layer>> layers;
  std::vector<Saved> saved;

  explicit Chain(const WaitStageShape& shape, const StageCost& cost = kCost)
      : layers(wait_layers(shape, cost)), saved(layers.size()) {}

  Tensor forward(Tensor x) {
    for (std::size_t i = 0; i < layers.size(); ++i)
      x = layers[i]->forward(context, std::move(x), saved[i]);
    return x;
  }
  Tensor backward_input(Tensor dy) {
    for (std::size_t i = layers.size(); i-- > 0;)
      dy = layers[i]->backward_input(context, std::move(dy), saved[i]);
    return dy;
  }
  void backward_weight() {
    for (std::size_t i = layers.size(); i-- > 0;) layers[i]->backward_weight(context, saved[i]);
  }
};

template <class Body>
double seconds_of(const Body& body) {
  const double start = wall_seconds();
  body();
  return wall_seconds() - start;
}

}  // namespace

TEST_CASE("A stage's layers wait its times, together and not once each") {
  Chain chain({.input_row = {16}, .message_row = {16}, .output_row = {16}});
  CHECK(chain.layers.size() == 3);  // about two milliseconds each
  Tensor x(chain.pool, {1, 16});
  const double forward = seconds_of([&] { x = chain.forward(std::move(x)); });
  const double input = seconds_of([&] { x = chain.backward_input(std::move(x)); });
  const double weight = seconds_of([&] { chain.backward_weight(); });
  CHECK(forward >= kCost.forward);
  CHECK(input >= kCost.backward_input);
  CHECK(weight >= kCost.backward_weight);
}

TEST_CASE("An I and a W that go through the layers together take the time of both") {
  constexpr double kEach = 0.02;
  Chain chain({.input_row = {16}, .message_row = {16}, .output_row = {16}}, {0, kEach, kEach});
  Tensor dy(chain.pool, {1, 16});
  const double both = seconds_of([&] {
    for (std::size_t i = chain.layers.size(); i-- > 0;) {
      dy = chain.layers[i]->backward_input(chain.context, std::move(dy), chain.saved[i]);
      chain.layers[i]->backward_weight(chain.context, chain.saved[i]);
    }
  });
  CHECK(both >
        1.5 * kEach);  // less than 2 where other work delays a layer, more than the longer one
}

TEST_CASE("A late start of a layer is made good by the next ones") {
  Chain chain({.input_row = {16}, .message_row = {16}, .output_row = {16}}, {0.6, 0, 0});
  REQUIRE(chain.layers.size() == 256);
  Tensor x(chain.pool, {1, 16});
  double action = wall_seconds(), last = 0;
  for (std::size_t i = 0; i < chain.layers.size(); ++i) {
    if (i == 1)
      while (wall_seconds() < action + 0.4) {
      }
    last = wall_seconds();
    x = chain.layers[i]->forward(chain.context, std::move(x), chain.saved[i]);
  }
  CHECK(wall_seconds() - action >= 0.6);
  CHECK(last - action <= 0.6 + 0.3);  // 1.0 if each waited its own share
}

TEST_CASE("What comes in is handed on; where the shape changes, zeros of the new shape are") {
  Chain middle({.input_row = {16}, .message_row = {16}, .output_row = {16}});
  Tensor x(middle.pool, {1, 16});
  const float* data = x.f32();
  const Tensor handed_on = middle.forward(std::move(x));
  CHECK(handed_on.f32() == data);

  Chain first({DType::kInt32, {1}, {16}, {16}});
  CHECK(first.layers.front()->input_dtype() == DType::kInt32);
  const Tensor y = first.forward(Tensor(first.pool, {1, 1}, DType::kInt32));
  CHECK(y.shape() == Shape{1, 16});
  CHECK(std::accumulate(y.f32(), y.f32() + 16, 0.0f) == 0.0f);
  CHECK(first.backward_input(Tensor(first.pool, {1, 16})).empty());

  Chain last({.input_row = {16}, .message_row = {16}, .output_row = {1, 2}});
  CHECK(last.forward(Tensor(last.pool, {1, 16})).shape() == Shape{1, 1, 2});
  CHECK(last.backward_input(Tensor(last.pool, {1, 1, 2})).shape() == Shape{1, 16});
}

TEST_CASE("The longest action decides how many layers a stage has") {
  const WaitStageShape shape{.input_row = {16}, .message_row = {16}, .output_row = {16}};
  CHECK(wait_layers(shape, {}).size() == 1);
  CHECK(wait_layers(shape, {0.0001, 0.008, 0.001}).size() == 4);
  CHECK(wait_layers(shape, {10, 0, 0}).size() == 256);
}
