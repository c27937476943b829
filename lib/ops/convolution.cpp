#include "ops/convolution.h"

#include <cstdint>
#include <string>
#include <utility>

#include "ops/convolution_primitives.h"
#include "ops/entrywise.h"
#include "ops/linear.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// "conv 3x3/2 64 to 128": kernel, stride, channels.
std::string name_of(const ConvolutionShape& shape) {
  const auto& [kernel, stride, padding] = shape.window;
  std::string name = "conv " + std::to_string(kernel.height) + "x" + std::to_string(kernel.width);
  if (stride.width > 1) name += "/" + std::to_string(stride.width);
  return name + " " + std::to_string(shape.in) + " to " + std::to_string(shape.out);
}

// Of any pass: input, output and weights are read or written once, or their gradients are.
Work convolution_work(const ConvolutionShape& shape) {
  const std::int64_t entries = shape.batch * shape.image.pixels() * shape.in +
                               shape.out_rows() * shape.out + shape.weights();
  return {.operation = name_of(shape),
          .kind = WorkKind::kConvolution,
          .flop = shape.flop(),
          .bytes = sizeof(float) * static_cast<double>(entries)};
}

}  // namespace

ConvolutionRates measure_convolutions(Ops& ops, double seconds) {
  return ops.convolutions().measure(ops.pool(), seconds);
}

void convolution_forward(Ops& ops, const ConvolutionShape& shape, ConstMatrix x,
                         const float* weight, const float* bias, Matrix y) {
  const WorkScope scope(ops, [&] { return convolution_work(shape); });
  ConvolutionPrimitives::Addresses addresses = {{DNNL_ARG_SRC, x.as<float>()},
                                                {DNNL_ARG_DST, y.as<float>()}};
  if (shape.bias) addresses.emplace_back(DNNL_ARG_BIAS, bias);
  ops.convolutions().forward(ops, shape, weight, std::move(addresses));
}

void convolution_backward_input(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                const float* weight, Matrix dx) {
  const WorkScope scope(ops, [&] { return convolution_work(shape); });
  ops.convolutions().backward_input(
      ops, shape, weight,
      {{DNNL_ARG_DIFF_DST, dy.as<float>()}, {DNNL_ARG_DIFF_SRC, dx.as<float>()}});
}

void convolution_backward_weight(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                 ConstMatrix x, float* dweight, float* dbias, bool accumulate) {
  const WorkScope scope(ops, [&] { return convolution_work(shape); });
  const Matrix all(dweight, shape.out, shape.in * shape.window.kernel.pixels());
  Tensor mine;  // oneDNN's convolution overwrites; it cannot add
  if (accumulate) mine = Tensor(ops.pool(), {all.rows(), all.columns()});
  ops.convolutions().backward_weight(
      ops, shape, accumulate ? mine.f32() : dweight,
      {{DNNL_ARG_SRC, x.as<float>()}, {DNNL_ARG_DIFF_DST, dy.as<float>()}});
  if (accumulate) add(ops, all, mine);
  if (dbias != nullptr) column_sums(ops, dy, dbias, accumulate);
}

}  // namespace pipetrain
