#include "nn/dropout.h"

#include "base/random.h"
#include "ops/activation.h"
#include "ops/dropout.h"

namespace pipetrain {
namespace {

enum Slot { kMask };

}  // namespace

void Dropout::apply(const Context& context, const Tensor& mask, Tensor& x) const {
  apply_mask(context.ops, x.elements(), x.f32(), mask.u8(), static_cast<float>(1 / (1 - rate_)));
}

Tensor Dropout::forward(const Context& context, Tensor x, Saved& saved) {
  if (context.mode == Mode::kEvaluate) return x;
  Tensor mask(context.ops.pool(), x.shape(), DType::kUInt8);
  const DropoutPlace place{random_key(context.seed, name()), context.step, context.first_row};
  dropout_mask(x.shape()[0], input_row().elements(), place, rate_, mask.u8());
  apply(context, mask, x);
  saved[kMask] = std::move(mask);
  return x;
}

Tensor Dropout::backward_input(const Context& context, Tensor dy, Saved& saved) {
  apply(context, saved[kMask], dy);
  saved.clear();
  return dy;
}

}  // namespace pipetrain
