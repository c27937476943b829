#include "pipeline/measure/layer_costs.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace layer_costs_test {

namespace {

constexpr std::int64_t kTokens = 16, kWidth = 64, kRows = 4;

// Says how often it has run, and keeps one block of x's size from F to I, and two from I to W.
class Counting : public Layer {
 public:
  Counting(const std::string& name, int& runs, int sums = 0)
      : Layer(name, {kTokens, kWidth}, {kTokens, kWidth}), runs_(runs), sums_(sums) {}

  Tensor forward(const Context& context, Tensor x, Saved& saved) override {
    ++runs_;
    for (int i = 0; i < sums_; ++i) context.sum_over_group(x);
    if (context.mode == Mode::kTrain) saved[0] = Tensor(context.ops.pool(), x.shape());
    return x;
  }
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override {
    saved[1] = Tensor(context.ops.pool(), dy.shape());
    return dy;
  }
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }

 private:
  int& runs_;
  int sums_;
};

constexpr std::int64_t kBlock = kRows * kTokens * kWidth * 4;  // bytes of x

}  // namespace

TEST_CASE("Memory is counted as blocks that each of F, I and W takes and leaves") {
  int runs = 0;
  LayerList layers;
  for (const char* name : {"layers.0.a", "layers.1.b", "layers.2.a"}) {
    layers.push_back(std::make_unique<Counting>(name, runs));
  }
  MemoryPool pool;
  Ops ops(pool);
  const auto measured = count_layer_memory(layers, {}, kRows, ops);
  REQUIRE(measured.size() == 3);
  // The last one's F has the loss, which takes more.
  const LayerMeasure& layer = measured[1];
  CHECK(layer.forward.after == Blocks{{kBlock, 1}});
  CHECK(layer.forward.most == Blocks{{kBlock, 1}});
  CHECK(layer.backward_input.after == Blocks{{kBlock, 1}});
  CHECK(layer.backward_weight.after == Blocks{{kBlock, -2}});
  CHECK(layer.backward_weight.most.empty());
  CHECK(layer.evaluation.after.empty());
  CHECK(layer.kept.empty());
  CHECK(pool.used_bytes() == 0);
}

TEST_CASE(
    "Layers of one kind and shape are measured once, but the first and the last on their own") {
  int same = 0, ends = 0;
  LayerList layers;
  layers.push_back(std::make_unique<Counting>("layers.0.a", ends));
  for (int i = 1; i < 9; ++i) {
    layers.push_back(std::make_unique<Counting>("layers." + std::to_string(i) + ".a", same));
  }
  layers.push_back(std::make_unique<Counting>("layers.9.a", ends));
  MemoryPool pool;
  Ops ops(pool);
  CHECK(count_layer_memory(layers, {}, kRows, ops).size() == 10);
  CHECK(same == 2);  // to train, and to evaluate
  CHECK(ends == 4);
}

TEST_CASE("A slice's sums over its group are counted, and take nobody to wait for") {
  int runs = 0;
  LayerList layers;
  for (const char* name : {"layers.0.a", "layers.1.b", "layers.2.a"}) {
    layers.push_back(std::make_unique<Counting>(name, runs, 2));
  }
  MemoryPool pool;
  Ops ops(pool);
  const auto shared = count_layer_memory(layers, {1, 4}, kRows, ops);
  CHECK(shared[1].forward_sums.count == 2);
  CHECK(shared[1].forward_sums.bytes == 2 * kBlock);
  CHECK(shared[1].backward_input_sums.count == 0);
  CHECK(shared[1].backward_weight_sums.count == 0);
  CHECK(count_layer_memory(layers, {}, kRows, ops)[1].forward_sums.count == 0);
}

TEST_CASE("Real layers are timed, and their parameters given back") {
  const LayerList layers =
      build_layers({.preset = "gpt", .depth = 1, .heads = 2, .width = 128, .context = kTokens},
                   {.row = {kTokens}, .vocabulary = 11});
  MemoryPool pool;
  Ops ops(pool);
  int calls = 0;
  const auto profiled = profile_layers(layers, {}, kRows, ops, [&] { ++calls; });
  const auto measured = measure_layer_costs(layers, {}, kRows, ops);
  CHECK(calls == static_cast<int>(layers.size()));  // all are of different kinds
  for (const auto* found : {&profiled, &measured}) {
    REQUIRE(found->size() == layers.size());
    for (const LayerMeasure& layer : *found) {
      CHECK(layer.cost.forward > 0);
      CHECK(layer.cost.backward_input > 0);
      CHECK(layer.cost.backward_weight > 0);
    }
  }
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) CHECK(parameter.value == nullptr);
  }
}

}  // namespace layer_costs_test
