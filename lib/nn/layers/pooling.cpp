#include "nn/layers/pooling.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/convolution.h"
#include "nn/layers/model_builder.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kWhich };

PoolShape pool_shape(const Layer& layer, const Window& window) {
  return {image_of(layer.input_row()), window};
}

}  // namespace

MaxPool::MaxPool(std::string name, Shape row, const Window& window)
    : Layer(std::move(name), row, windowed_row(row, window, row.back())), window_(window) {}

Tensor MaxPool::forward(const Context& context, Tensor x, Saved& saved) {
  const std::int64_t rows = x.shape()[0];
  Tensor y(context.ops.pool(), output_row().batched(rows), x.dtype());
  Tensor which(context.ops.pool(), y.shape(), DType::kUInt8);
  max_pool_forward(context.ops, pool_shape(*this, window_), x, y, which.u8());
  if (context.mode == Mode::kTrain) saved[kWhich] = std::move(which);
  return y;
}

Tensor MaxPool::backward_input(const Context& context, Tensor dy, Saved& saved) {
  const std::int64_t rows = dy.shape()[0];
  Tensor dx(context.ops.pool(), input_row().batched(rows), dy.dtype());
  max_pool_backward(context.ops, pool_shape(*this, window_), dy, saved[kWhich].u8(), dx);
  saved.clear();
  return dx;
}

AveragePool::AveragePool(std::string name, Shape row, const Window& window)
    : Layer(std::move(name), row, windowed_row(row, window, row.back())), window_(window) {}

Tensor AveragePool::forward(const Context& context, Tensor x, Saved&) {
  const std::int64_t rows = x.shape()[0];
  Tensor y(context.ops.pool(), output_row().batched(rows), x.dtype());
  average_pool_forward(context.ops, pool_shape(*this, window_), x, y);
  return y;
}

Tensor AveragePool::backward_input(const Context& context, Tensor dy, Saved&) {
  const std::int64_t rows = dy.shape()[0];
  Tensor dx(context.ops.pool(), input_row().batched(rows), dy.dtype());
  average_pool_backward(context.ops, pool_shape(*this, window_), dy, dx);
  return dx;
}

MeanPool::MeanPool(std::string name, Shape row) : Layer(std::move(name), row, {row.back()}) {}

Tensor MeanPool::forward(const Context& context, Tensor x, Saved&) {
  Tensor y(context.ops.pool(), output_row().batched(x.shape()[0]), x.dtype());
  mean_rows_forward(context.ops, x, y);
  return y;
}

Tensor MeanPool::backward_input(const Context& context, Tensor dy, Saved&) {
  Tensor dx(context.ops.pool(), input_row().batched(dy.shape()[0]), dy.dtype());
  mean_rows_backward(context.ops, dy, dx);
  return dx;
}

FirstToken::FirstToken(std::string name, Shape row) : Layer(std::move(name), row, {row.back()}) {}

Tensor FirstToken::forward(const Context& context, Tensor x, Saved&) {
  const std::int64_t rows = x.shape()[0];
  Tensor y(context.ops.pool(), output_row().batched(rows), x.dtype());
  copy_columns(context.ops, {ConstMatrix(x).in_rows(rows), 0}, {Matrix(y), 0}, output_row()[0]);
  return y;
}

Tensor FirstToken::backward_input(const Context& context, Tensor dy, Saved&) {
  const std::int64_t rows = dy.shape()[0];
  Tensor dx(context.ops.pool(), input_row().batched(rows), dy.dtype());
  std::memset(dx.data(), 0, dx.bytes());
  copy_columns(context.ops, {ConstMatrix(dy), 0}, {Matrix(dx).in_rows(rows), 0}, output_row()[0]);
  return dx;
}

namespace {

constexpr SizeOption kStride{
    .name = "stride", .meaning = "Entries from one window to the next.", .follows = "the kernel"},
    kPadding{.name = "padding",
             .meaning = "Entries around the input, which count as zeros in a mean.",
             .follows = "`0`",
             .words = "0 or `same`"};

}  // namespace

std::vector<LayerOption> pool_options() { return {kKernel, kStride, kPadding}; }

void make_max_pool(ModelBuilder& model, LayerOptions& options) {
  const Window window = read_window(model.row(), options, kStride, kPadding, "0");
  if (window.kernel.pixels() > kMaxPoolPixels) {
    options.fail("kernel of " + std::to_string(window.kernel.pixels()) +
                 " pixels, expected at most " + std::to_string(kMaxPoolPixels));
  }
  model.add(std::make_unique<MaxPool>(model.name("max_pool"), model.row(), window));
}

void make_average_pool(ModelBuilder& model, LayerOptions& options) {
  model.add(
      std::make_unique<AveragePool>(model.name("average_pool"), model.row(),
                                    read_window(model.row(), options, kStride, kPadding, "0")));
}

void make_mean_pool(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<MeanPool>(model.name("mean_pool"), model.row()));
}

void make_first_token(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<FirstToken>(model.name("first_token"), model.row()));
}

void make_global_mean_pool(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<MeanPool>(model.name("global_mean_pool"), model.row()));
}

}  // namespace pipetrain
