#include "nn/norm.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace norm_test {

namespace {

// A layer that is nothing but the place of a norm's parameters.
class Holder : public Layer {
 public:
  explicit Holder() : Layer("layers.1.mlp", {3}, {3}) {}
  Tensor forward(const Context&, Tensor x, Saved&) override { return x; }
  Tensor backward_input(const Context&, Tensor dy, Saved&) override { return dy; }
  void backward_weight(const Context&, Saved&) override {}
};

LayerEntry entry_of(std::vector<std::pair<std::string, std::string>> options) {
  return {"mlp", "model.yaml:7", std::move(options), {}};
}

}  // namespace

TEST_CASE("A norm's weight starts at one; a layer norm may have a bias, which starts at zero") {
  struct {
    NormKind kind;
    bool bias;
    std::size_t parameters;
  } const cases[] = {{NormKind::kLayer, true, 2},
                     {NormKind::kLayer, false, 1},
                     {NormKind::kRms, true, 1},
                     {NormKind::kRms, false, 1},
                     {NormKind::kNone, true, 0}};
  for (const auto& [kind, bias, parameters] : cases) {
    Holder layer;
    const Norm norm(layer, "layers.1.mlp.norm", 3, kind, bias, kNormEpsilon);
    REQUIRE(layer.parameters().size() == parameters);
    if (parameters == 0) continue;
    CHECK(layer.parameters()[0].name == "layers.1.mlp.norm.weight");
    CHECK(layer.parameters()[0].initial.scale == 1);
    CHECK(!layer.parameters()[0].decays());
    if (parameters == 2) CHECK(layer.parameters()[1].name == "layers.1.mlp.norm.bias");
    if (parameters == 2) CHECK(layer.parameters()[1].initial.scale == 0);
  }
}

TEST_CASE("Gradients are written over the parameters' own, or added to them") {
  Holder layer;
  MemoryPool pool;
  Ops ops(pool);
  const Norm norm(layer, "n", 3, NormKind::kLayer, true, kNormEpsilon);
  std::vector<float> weight{9, 9, 9}, bias{9, 9, 9};
  layer.parameters()[0].gradient = weight.data();
  layer.parameters()[1].gradient = bias.data();
  Tensor gradients(pool, {2, 3});
  for (int i = 0; i < 6; ++i) gradients.f32()[i] = static_cast<float>(i);
  norm.store({.ops = ops}, gradients);
  CHECK(weight == std::vector<float>{0, 1, 2});
  CHECK(bias == std::vector<float>{3, 4, 5});
  norm.store({.ops = ops, .accumulate = true}, gradients);
  CHECK(weight == std::vector<float>{0, 2, 4});
  CHECK(bias == std::vector<float>{6, 8, 10});
}

TEST_CASE("Without a norm rows pass as they are, and their gradient takes that of the skip") {
  Holder layer;
  MemoryPool pool;
  Ops ops(pool);
  const Norm none(layer, "n", 3, NormKind::kNone, true, kNormEpsilon);
  const auto filled = [&](float value) {
    Tensor made(pool, {2, 3});
    for (float& entry : made.floats()) entry = value++;
    return made;
  };
  const Tensor x = filled(1);
  Tensor normalized = filled(50), y = filled(60), again = filled(70), dy = filled(10);
  none.forward(ops, x, normalized, nullptr, y);
  none.replay(ops, normalized, again);
  for (int i = 0; i < 6; ++i) CHECK(y.f32()[i] == x.f32()[i]);
  for (int i = 0; i < 6; ++i) CHECK(again.f32()[i] == x.f32()[i]);
  CHECK(none.backward(ops, dy, normalized, nullptr, nullptr).empty());
  CHECK(dy.f32()[5] == 15);
  CHECK(none.backward(ops, dy, normalized, nullptr, x).empty());
  CHECK(dy.f32()[5] == 21);
  none.store({.ops = ops}, Tensor());
}

TEST_CASE("Which norm, and its epsilon, are options of the layer") {
  const LayerEntry none = entry_of({}),
                   both = entry_of({{"norm", "rms_norm"}, {"epsilon", "1e-3"}}),
                   wrong = entry_of({{"norm", "batch"}, {"epsilon", "0"}});
  LayerOptions options(none);
  CHECK(read_norm(options) == NormKind::kLayer);
  CHECK(read_epsilon(options) == kNormEpsilon);
  LayerOptions given(both);
  CHECK(read_norm(given) == NormKind::kRms);
  CHECK(read_epsilon(given) == 1e-3f);
  LayerOptions refused(wrong);
  CHECK_THROWS_WITH(read_norm(refused), ContainsSubstring("layer_norm, rms_norm"));
  CHECK_THROWS_WITH(read_epsilon(refused), ContainsSubstring("epsilon is '0'"));
}

}  // namespace norm_test
