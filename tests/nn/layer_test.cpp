#include "nn/layer.h"

#include <cstddef>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace layer_test {

namespace {

// A layer with a weight and a buffer.
class MadeUp : public Layer {
 public:
  explicit MadeUp(const std::string& name) : Layer(name, {2, 3}, {4, 5}) {
    add_parameter("weight", {3}, {});
    add_buffer("mean", {3}, 0.5f);
  }
  Tensor forward(const Context&, Tensor x, Saved&) override { return x; }
  Tensor backward_input(const Context&, Tensor dy, Saved&) override { return dy; }
  void backward_weight(const Context&, Saved&) override {}
  void take(Layer& inner) { adopt(inner); }
  const float* weight() const { return value(0); }
  const float* left_out() const { return value(kNone); }
  const float* mean() const { return buffer(0).value; }
};

}  // namespace

TEST_CASE("A layer that says nothing else is one of rows, float32 and alone") {
  MadeUp layer("layers.3.made_up");
  CHECK(layer.name() == "layers.3.made_up");
  CHECK(layer.parameters()[0].name == "layers.3.made_up.weight");
  CHECK(layer.buffers()[0].name == "layers.3.made_up.mean");
  CHECK(layer.reach() == Reach::kRow);
  CHECK(layer.outputs() == 5);
  CHECK(!layer.shares_outputs());
  CHECK(layer.group_sums().count == 0);
  CHECK(layer.input_dtype() == DType::kFloat32);
  layer.set_precision({.activations = DType::kBFloat16});
  CHECK(layer.output_dtype() == DType::kBFloat16);
  CHECK(layer.data_dtype() == DType::kFloat32);  // the model's input is not rounded
}

TEST_CASE(
    "A layer that another one is made of finds its memory there, through any number of them") {
  MadeUp outer("outer"), middle("middle"), inner("inner");
  middle.take(inner);
  outer.take(middle);
  REQUIRE(outer.parameters().size() == 3);
  CHECK(outer.parameters()[2].name == "inner.weight");
  CHECK(inner.parameters().empty());
  CHECK(middle.buffers().empty());
  float weights[3], means[3];
  for (std::size_t i = 0; i < 3; ++i) {
    outer.parameters()[i].value = &weights[i];
    outer.buffers()[i].value = &means[i];
  }
  CHECK(outer.weight() == &weights[0]);
  CHECK(middle.weight() == &weights[1]);
  CHECK(inner.weight() == &weights[2]);
  CHECK(inner.mean() == &means[2]);
  CHECK(inner.left_out() == nullptr);
}

TEST_CASE("What is cleared of a microbatch is cleared inside of its layers, too") {
  MemoryPool pool;
  Saved saved;
  saved.make_room(2);
  saved[1] = Tensor(pool, {4});
  saved.inner(1)[3] = Tensor(pool, {4});
  CHECK(pool.used_bytes() > 0);
  saved.clear();
  CHECK(pool.used_bytes() == 0);
}

}  // namespace layer_test
