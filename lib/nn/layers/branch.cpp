#include "nn/layers/branch.h"

#include <utility>

#include "nn/layers/branch_options.h"
#include "ops/bfloat16.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {

bool read_norm_behind(LayerOptions& options, NormKind norm) {
  const bool behind = options.read(kNormBehind);
  if (behind && norm == NormKind::kNone) {
    options.fail(
        "norm_behind is of the same kind as norm, which is none; name another kind, or "
        "put a norm behind the layer");
  }
  return behind;
}

Branch::Branch(const Layer& layer, const BranchOptions& options, NormKind norm, float epsilon)
    : layer_(layer), options_(options) {
  if (!options.norm_behind) return;
  norm_ = std::make_unique<NormLayer>(layer.name() + "." + BranchNames::kNormBehind,
                                      layer.input_row(), norm, epsilon);
}

DropoutMask Branch::mask(const Context& context) const {
  return dropout_mask(context, layer_.name(), "output", options_.dropout,
                      layer_.output_row().back());
}

Tensor Branch::forward(const Context& context, const TensorPlace& place, const Tensor& input,
                       ConstMatrix weight, const float* bias, Tensor x, Saved& saved) const {
  Ops& ops = context.ops;
  if (options_.residual && norm_ == nullptr) {
    add_dropped_linear(context, place, mask(context), input, weight, bias, x);
    return x;
  }
  Tensor y(ops.pool(), x.shape(), place.alone() ? x.dtype() : DType::kFloat32);
  linear_forward(ops, input, weight, place.first() ? bias : nullptr, y);
  if (!place.alone()) {
    context.sum_over_group(y);
    y = converted(ops, std::move(y), x.dtype());
  }
  if (norm_ != nullptr) y = norm_->forward(context, std::move(y), saved);
  if (mask(context).drops()) {
    const Matrix samples = Matrix(y).in_rows(y.shape()[0]);
    apply_dropout(ops, mask(context), samples, samples);
  }
  if (!options_.residual) return y;
  add(ops, x, y);
  return x;
}

Tensor Branch::backward_input(const Context& context, const Tensor& dy, Saved& saved) const {
  Tensor dropped = dropped_copy(context.ops, mask(context), dy);
  if (norm_ == nullptr) return dropped;
  if (dropped.empty()) {
    dropped = Tensor(context.ops.pool(), dy.shape(), dy.dtype());
    copy(context.ops, dy, dropped);
  }
  return norm_->backward_input(context, std::move(dropped), saved);
}

void Branch::backward_weight(const Context& context, Saved& saved) const {
  if (norm_ != nullptr) norm_->backward_weight(context, saved);
}

}  // namespace pipetrain
