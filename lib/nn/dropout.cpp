#include "nn/dropout.h"

#include "base/random.h"
#include "ops/activation.h"
#include "ops/linear.h"

namespace pipetrain {

DropoutMask dropout_mask(const Context& context, const std::string& layer, const char* part,
                         double rate) {
  if (rate == 0 || context.mode == Mode::kEvaluate) return {};
  return {random_key(context.seed, layer + "." + part), context.step, context.first_row, rate};
}

void drop_output(const Context& context, const std::string& layer, double rate, Tensor& y) {
  const DropoutMask mask = dropout_mask(context, layer, "output", rate);
  if (!mask.drops()) return;
  const std::int64_t batch = y.shape()[0];
  apply_dropout(context.ops, batch, y.elements() / batch, mask, y.f32(), y.f32());
}

void add_dropped_linear(const Context& context, const TensorPlace& place, const DropoutMask& mask,
                        std::int64_t in, const float* input, const float* weight, const float* bias,
                        Tensor& x) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], rows = x.shape().rows(), out = x.shape().back();
  if (!mask.drops() && place.alone()) {
    return linear_forward(ops, rows, in, out, input, weight, bias, x.f32(), /*accumulate=*/true);
  }
  Tensor branch(ops.pool(), x.shape());
  linear_forward(ops, rows, in, out, input, weight, place.first() ? bias : nullptr, branch.f32());
  if (!place.alone()) context.sum_over_group(branch);
  if (!mask.drops()) return add(ops, x.elements(), x.f32(), branch.f32());
  add_dropout(ops, batch, x.elements() / batch, mask, branch.f32(), x.f32());
}

Tensor dropped_copy(Ops& ops, const DropoutMask& mask, const Tensor& dy) {
  if (!mask.drops()) return {};
  const std::int64_t batch = dy.shape()[0];
  Tensor dropped(ops.pool(), dy.shape());
  apply_dropout(ops, batch, dy.elements() / batch, mask, dy.f32(), dropped.f32());
  return dropped;
}

}  // namespace pipetrain
