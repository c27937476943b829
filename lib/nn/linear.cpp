#include "nn/linear.h"

#include <cstdint>
#include <string>
#include <utility>

#include "nn/shared_product.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kOutputGradient };

Shape with_last(Shape row, std::int64_t features) {
  Shape changed = row.without_last();
  changed.append(features);
  return changed;
}

}  // namespace

Linear::Linear(std::string name, Shape row, const LinearOptions& options)
    : Layer(std::move(name), row, with_last(row, part_of(options.features, options.place).count)),
      place_(options.place),
      in_(row.back()),
      features_(options.features),
      first_(part_of(features_, place_).first),
      out_(output_row().back()),
      has_bias_(options.bias && options.tied_to.empty()) {
  const Slicing features = slicing(0, {features_}, place_);
  weight_ = add_parameter("weight", {features_, in_}, options.start.weight, features);
  if (!options.tied_to.empty()) {
    parameters()[weight_].name = options.tied_to;
    parameters()[weight_].tied_to_earlier = true;
  }
  if (has_bias_) bias_ = add_parameter("bias", {features_}, options.start.bias, features);
}

double Linear::forward_flop() const {
  return 2.0 * static_cast<double>(input_row().elements()) * static_cast<double>(features_);
}

Tensor Linear::forward(const Context& context, Tensor x, Saved& saved) {
  Tensor y(context.ops.pool(), with_last(x.shape(), out_), output_dtype_);
  linear_forward(context.ops, x.shape().rows(), in_, out_, x, value(weight_),
                 has_bias_ ? value(bias_) : nullptr, y);
  if (context.mode == Mode::kTrain) saved[kInput] = std::move(x);
  return y;
}

Tensor Linear::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Tensor dx =
      shared_input_gradient(context, place_, saved[kInput].shape(), out_, dy, value(weight_));
  saved[kOutputGradient] = std::move(dy);
  return dx;
}

void Linear::backward_weight(const Context& context, Saved& saved) {
  const Tensor& dy = saved[kOutputGradient];
  linear_backward_weight(context.ops, dy.shape().rows(), in_, out_, dy, saved[kInput],
                         gradient(weight_), has_bias_ ? gradient(bias_) : nullptr,
                         context.accumulate);
  saved.clear();
}

}  // namespace pipetrain
