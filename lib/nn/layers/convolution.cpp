#include "nn/layers/convolution.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"

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

ConvolutionShape Convolution::shape(std::int64_t rows) const {
  return {.batch = rows,
          .image = image_of(input_row()),
          .window = options_.window,
          .in = input_row().back(),
          .out = options_.channels,
          .bias = options_.bias,
          .dtype = activations()};
}

Tensor Convolution::forward(const Context& context, Tensor x, Saved& saved) {
  const std::int64_t rows = x.shape()[0];
  Tensor y(context.ops.pool(), output_row().batched(rows), x.dtype());
  convolution_forward(context.ops, shape(rows), x, value(weight_),
                      options_.bias ? value(bias_) : nullptr, y);
  if (context.mode == Mode::kTrain) saved[kInput] = std::move(x);
  return y;
}

Tensor Convolution::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Tensor dx;
  if (options_.input_gradient) {
    dx = Tensor(context.ops.pool(), saved[kInput].shape(), dy.dtype());
    convolution_backward_input(context.ops, shape(dy.shape()[0]), dy, value(weight_), dx);
  }
  saved[kOutputGradient] = std::move(dy);
  return dx;
}

void Convolution::backward_weight(const Context& context, Saved& saved) {
  const Tensor& dy = saved[kOutputGradient];
  convolution_backward_weight(context.ops, shape(dy.shape()[0]), dy, saved[kInput],
                              gradient(weight_), options_.bias ? gradient(bias_) : nullptr,
                              context.accumulate);
  saved.clear();
}

namespace {

Plane square(const Shape& row, std::int64_t size) { return {row.rank() == 3 ? size : 1, size}; }

}  // namespace

Window read_window(const Shape& row, LayerOptions& options, const SizeOption& stride_option,
                   const SizeOption& padding_option, const std::string& default_padding) {
  const std::int64_t kernel = options.read(kKernel);
  const std::int64_t stride =
      options.read(stride_option, stride_option.otherwise > 0 ? stride_option.otherwise : kernel);
  const std::string text = options.text(padding_option.name, default_padding);
  std::int64_t padding = 0;
  if (text == "same") {
    if (kernel % 2 == 0) {
      options.fail("padding same needs an odd kernel, found " + std::to_string(kernel));
    }
    padding = kernel / 2;
  } else if (text != "0") {
    padding = options.size(padding_option.name, 0, "same", 0);
  }
  if (padding >= kernel) {
    options.fail("padding " + std::to_string(padding) + " is not below the kernel " +
                 std::to_string(kernel) + ": windows would hold nothing but padding");
  }
  const Window window{.kernel = square(row, kernel),
                      .stride = square(row, stride),
                      .padding = {row.rank() == 3 ? padding : 0, padding}};
  if (!window.fits(image_of(row))) {
    options.fail("kernel " + std::to_string(kernel) + " is larger than its input " + row.text() +
                 " with a padding of " + std::to_string(padding));
  }
  return window;
}

std::unique_ptr<Layer> make_convolution(const std::string& name, const Shape& row,
                                        ConvolutionOptions options, const Starts& starts,
                                        ModelPart part) {
  const Fans fans = fans_of(row, options);
  options.start = starts.of(part, fans.in, fans.out);
  return std::make_unique<Convolution>(name, row, options);
}

namespace {

constexpr SizeOption kChannels{"channels", "Of each entry of the output."},
    kStride{"stride", "Entries from one window to the next.", 1},
    kPadding{.name = "padding",
             .meaning = "Zeros around the input; `same`: so many that stride 1 keeps the size.",
             .follows = "`same`",
             .words = "0 or `same`"};
constexpr FlagOption kBias{"bias", "One for each channel is added.", true};

void add_convolution(const char* kind, ModelBuilder& model, LayerOptions& options) {
  ConvolutionOptions made;
  made.channels = options.read(kChannels);
  made.window = read_window(model.row(), options, kStride, kPadding, "same");
  made.bias = options.read(kBias);
  made.input_gradient = !model.at_start();
  model.add(make_convolution(model.name(kind), model.row(), made, model.starts(),
                             ModelPart::kConvolution));
}

}  // namespace

std::vector<LayerOption> convolution_options() {
  return {kChannels, kKernel, kStride, kPadding, kBias};
}

void make_conv1d(ModelBuilder& model, LayerOptions& options) {
  add_convolution("conv1d", model, options);
}

void make_conv2d(ModelBuilder& model, LayerOptions& options) {
  add_convolution("conv2d", model, options);
}

}  // namespace pipetrain
