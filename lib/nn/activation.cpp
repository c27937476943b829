#include "nn/activation.h"

#include <utility>

#include "ops/activation.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kMask };  // ReLU needs only where x was positive

}  // namespace

Tensor Activation::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  if (kind_ == ActivationKind::kRelu) {
    Tensor mask(ops.pool(), x.shape(), DType::kUInt8);
    relu_with_mask(ops, x.elements(), x, mask.u8());
    if (context.mode == Mode::kTrain) saved[kMask] = std::move(mask);
    return x;
  }
  Tensor y(ops.pool(), x.shape(), x.dtype());
  const auto function = kind_ == ActivationKind::kGelu ? gelu_forward : silu_forward;
  function(ops, x.elements(), x, y);
  if (context.mode == Mode::kTrain) saved[kInput] = std::move(x);
  return y;
}

Tensor Activation::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  switch (kind_) {
    case ActivationKind::kRelu: apply_mask(ops, dy.elements(), dy, saved[kMask].u8(), 1.0f); break;
    case ActivationKind::kGelu: gelu_backward(ops, dy.elements(), dy, saved[kInput]); break;
    case ActivationKind::kSilu: silu_backward(ops, dy.elements(), dy, saved[kInput]); break;
  }
  saved.clear();
  return dy;
}

}  // namespace pipetrain
