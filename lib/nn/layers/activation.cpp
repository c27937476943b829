#include "nn/layers/activation.h"

#include <memory>
#include <utility>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "ops/activation.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kMask, kOutput };  // ReLU needs only where x was positive, tanh its output

}  // namespace

Tensor Activation::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  if (kind_ == ActivationKind::kRelu) {
    Tensor mask(ops.pool(), x.shape(), DType::kUInt8);
    relu_with_mask(ops, x, mask.u8());
    if (context.mode == Mode::kTrain) saved[kMask] = std::move(mask);
    return x;
  }
  if (kind_ == ActivationKind::kTanh) {
    soft_cap(ops, x, 1);
    if (context.mode == Mode::kTrain) {
      saved[kOutput] = Tensor(ops.pool(), x.shape(), x.dtype());
      copy(ops, x, saved[kOutput]);
    }
    return x;
  }
  Tensor y(ops.pool(), x.shape(), x.dtype());
  const auto function = kind_ == ActivationKind::kGelu ? gelu_forward : silu_forward;
  function(ops, x, y);
  if (context.mode == Mode::kTrain) saved[kInput] = std::move(x);
  return y;
}

Tensor Activation::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  switch (kind_) {
    case ActivationKind::kRelu: apply_mask(ops, dy, saved[kMask].u8(), 1.0f); break;
    case ActivationKind::kGelu: gelu_backward(ops, dy, saved[kInput]); break;
    case ActivationKind::kSilu: silu_backward(ops, dy, saved[kInput]); break;
    case ActivationKind::kTanh: soft_cap_backward(ops, dy, saved[kOutput], 1); break;
  }
  saved.clear();
  return dy;
}

void make_relu(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<Activation>(model.name("relu"), model.row(), ActivationKind::kRelu));
}

void make_gelu(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<Activation>(model.name("gelu"), model.row(), ActivationKind::kGelu));
}

void make_silu(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<Activation>(model.name("silu"), model.row(), ActivationKind::kSilu));
}

void make_tanh(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<Activation>(model.name("tanh"), model.row(), ActivationKind::kTanh));
}

}  // namespace pipetrain
