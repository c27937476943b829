#include "nn/convolution.h"

#include <cstdint>
#include <string>
#include <utility>

#include "ops/bfloat16.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kOutputGradient };

// (out, in, kernel), or (out, in, kernel height, kernel width)
Shape weight_shape(const Shape& row, const ConvolutionOptions& options) {
  Shape shape{options.channels, row.back()};
  if (row.rank() == 3) shape.append(options.window.kernel.height);
  shape.append(options.window.kernel.width);
  return shape;
}

}  // namespace

Fans fans_of(const Shape& row, const ConvolutionOptions& options) {
  const std::int64_t pixels = options.window.kernel.pixels();
  return {row.back() * pixels, options.channels * pixels};
}

Plane image_of(const Shape& row) {
  return row.rank() == 3 ? Plane{row[0], row[1]} : Plane{1, row[0]};
}

Shape windowed_row(const Shape& row, const Window& window, std::int64_t channels) {
  const Plane out = window.over(image_of(row));
  return row.rank() == 3 ? Shape{out.height, out.width, channels} : Shape{out.width, channels};
}

Convolution::Convolution(std::string name, Shape row, const ConvolutionOptions& options)
    : Layer(std::move(name), row, windowed_row(row, options.window, options.channels)),
      options_(options) {
  weight_ = add_parameter("weight", weight_shape(row, options), options.start.weight);
  if (options.bias) bias_ = add_parameter("bias", {options.channels}, options.start.bias);
}

void Convolution::set_precision(const Precision& precision) {
  if (!precision.first) require_float32(precision);
  Layer::set_precision(precision);
}

ConvolutionShape Convolution::shape(std::int64_t rows) const {
  return {.batch = rows,
          .image = image_of(input_row()),
          .window = options_.window,
          .in = input_row().back(),
          .out = options_.channels,
          .bias = options_.bias};
}

Tensor Convolution::forward(const Context& context, Tensor x, Saved& saved) {
  const std::int64_t rows = x.shape()[0];
  Tensor y(context.ops.pool(), output_row().batched(rows));
  convolution_forward(context.ops, shape(rows), x.f32(), value(weight_),
                      options_.bias ? value(bias_) : nullptr, y.f32());
  if (context.mode == Mode::kTrain) saved[kInput] = std::move(x);
  return converted(context.ops, std::move(y), output_dtype());
}

Tensor Convolution::backward_input(const Context& context, Tensor dy, Saved& saved) {
  dy = converted(context.ops, std::move(dy), DType::kFloat32);
  Tensor dx;
  if (options_.input_gradient) {
    dx = Tensor(context.ops.pool(), saved[kInput].shape());
    convolution_backward_input(context.ops, shape(dy.shape()[0]), dy.f32(), value(weight_),
                               dx.f32());
  }
  saved[kOutputGradient] = std::move(dy);
  return dx;
}

void Convolution::backward_weight(const Context& context, Saved& saved) {
  const Tensor& dy = saved[kOutputGradient];
  convolution_backward_weight(context.ops, shape(dy.shape()[0]), dy.f32(), saved[kInput].f32(),
                              gradient(weight_), options_.bias ? gradient(bias_) : nullptr,
                              context.accumulate);
  saved.clear();
}

}  // namespace pipetrain
