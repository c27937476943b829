#include "nn/layers/dropout.h"

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {

DropoutMask dropout_mask(const Context& context, const std::string& layer, const char* part,
                         double rate, std::int64_t width) {
  if (rate == 0 || context.mode == Mode::kEvaluate) return {};
  return {random_key(context.seed, layer + "." + part), context.step, context.first_row, rate,
          context.first_token * width};
}

void drop_output(const Context& context, const std::string& layer, double rate, Tensor& y) {
  const DropoutMask mask = dropout_mask(context, layer, "output", rate, y.shape().back());
  if (!mask.drops()) return;
  const Matrix samples = Matrix(y).in_rows(y.shape()[0]);
  apply_dropout(context.ops, mask, samples, samples);
}

void add_dropped_linear(const Context& context, const TensorPlace& place, const DropoutMask& mask,
                        const Tensor& input, ConstMatrix weight, const float* bias, Tensor& x) {
  Ops& ops = context.ops;
  if (!mask.drops() && place.alone()) {
    return linear_forward(ops, input, weight, bias, x, /*accumulate=*/true);
  }
  Tensor branch(ops.pool(), x.shape());  // float32: only its sum with x is rounded
  linear_forward(ops, input, weight, place.first() ? bias : nullptr, branch);
  if (!place.alone()) context.sum_over_group(branch);
  if (!mask.drops()) return add(ops, x, branch);
  add_dropout(ops, mask, branch, Matrix(x).in_rows(x.shape()[0]));
}

Tensor dropped_copy(Ops& ops, const DropoutMask& mask, const Tensor& dy) {
  if (!mask.drops()) return {};
  Tensor dropped(ops.pool(), dy.shape(), dy.dtype());
  apply_dropout(ops, mask, dy, Matrix(dropped).in_rows(dy.shape()[0]));
  return dropped;
}

namespace {

constexpr RateOption kRate{"rate", "Of the entries that are dropped."};

}  // namespace

std::vector<LayerOption> dropout_options() { return {kRate}; }

void make_dropout(ModelBuilder& model, LayerOptions& options) {
  model.add(std::make_unique<Dropout>(model.name("dropout"), model.row(), options.read(kRate)));
}

}  // namespace pipetrain
