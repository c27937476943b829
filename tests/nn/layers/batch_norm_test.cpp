#include "nn/layers/batch_norm.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace batch_norm_test {

TEST_CASE("Batch norm's gradients agree with finite differences, with and without ReLU") {
  BatchNorm plain("layers.1.batch_norm", {4, 3, 5}, false);
  check_gradients(plain, 3, Mode::kTrain);
  BatchNorm relu("layers.1.batch_norm", {6, 8}, true);
  check_gradients(relu, 10, Mode::kTrain, apart(1));
}

TEST_CASE("Running statistics go from microbatch to microbatch, and evaluation uses them") {
  BatchNorm layer("layers.1.batch_norm", {2, 1}, false);
  LayerFixture fixture(layer);
  fixture.values()[0].f32()[0] = 1;
  fixture.values()[1].f32()[0] = 0;
  auto train = [&](const std::vector<float>& x, int microbatch, bool accumulate) {
    Saved saved;
    Tensor input = tensor_of(fixture.pool(), {2, 2, 1}, x);
    Tensor y = layer.forward(fixture.context(), std::move(input), saved);
    layer.backward_input(fixture.context(), std::move(y), saved);
    Context context = fixture.context(accumulate);
    context.microbatch = microbatch;
    context.microbatches = 2;
    layer.backward_weight(context, saved);
  };
  const std::vector<Buffer>& buffers = layer.buffers();
  CHECK(buffers[0].name == "layers.1.batch_norm.running_mean");
  for (const int first : {0, 1}) {  // a schedule may run the last microbatch's W first
    const auto microbatch = [&](int number, bool accumulate) {
      if (number == 0) train({1, 2, 3, 6}, 0, accumulate);  // mean 3, unbiased variance 14 / 3
      if (number == 1) train({0, 0, 0, 4}, 1, accumulate);  // mean 1, unbiased variance 4
    };
    microbatch(first, false);
    microbatch(1 - first, true);
    CHECK(buffers[0].next[0] == Approx(0.9 * 0.3 + 0.1));
    CHECK(buffers[1].next[0] == Approx(0.9 * (0.9 * 1 + 1.4 / 3) + 0.4));
  }
  CHECK(buffers[0].value[0] == 0);  // until the weights' update
  buffers[0].value[0] = 2;
  buffers[1].value[0] = 4;
  Saved saved;
  Tensor x(fixture.pool(), {1, 2, 1});
  x.f32()[0] = 2, x.f32()[1] = 6;
  Context evaluate = fixture.context();
  evaluate.mode = Mode::kEvaluate;
  const Tensor y = layer.forward(evaluate, std::move(x), saved);
  CHECK(y.f32()[0] == 0);
  CHECK(y.f32()[1] == Approx(2).margin(1e-5));
}

TEST_CASE("Training takes mean and variance of each channel over all other axes") {
  for (const bool relu : {false, true}) {
    BatchNorm layer("layers.1.batch_norm", {2, 2}, relu);
    LayerFixture fixture(layer);
    for (const std::size_t c : {0, 1}) {
      fixture.values()[0].f32()[c] = c == 0 ? 1 : 2;   // weight
      fixture.values()[1].f32()[c] = c == 0 ? 0 : -1;  // bias
    }
    // Channel 0: mean 2, variance 1. Channel 1: mean 4, variance 9.
    const Tensor x = tensor_of(fixture.pool(), {1, 2, 2}, {1, 1, 3, 7});
    const double one = 1 / std::sqrt(1 + 1e-5), three = 3 / std::sqrt(9 + 1e-5);
    check_near(result_of(fixture, layer, x),
               relu ? std::vector<double>{0, 0, one, 2 * three - 1}
                    : std::vector<double>{-one, -2 * three - 1, one, 2 * three - 1});
  }
}

}  // namespace batch_norm_test
