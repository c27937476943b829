#include "ops/convolution.h"

#include <utility>

#include "ops/convolution_primitives.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {

ConvolutionRates measure_convolutions(Ops& ops, double seconds) {
  return ops.convolutions().measure(ops.pool(), seconds);
}

void convolution_forward(Ops& ops, const ConvolutionShape& shape, ConstMatrix x,
                         const float* weight, const float* bias, Matrix y) {
  ConvolutionPrimitives::Addresses addresses = {{DNNL_ARG_SRC, x.as<float>()},
                                                {DNNL_ARG_DST, y.as<float>()}};
  if (shape.bias) addresses.emplace_back(DNNL_ARG_BIAS, bias);
  ops.convolutions().forward(ops.pool(), shape, weight, std::move(addresses));
}

void convolution_backward_input(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                const float* weight, Matrix dx) {
  ops.convolutions().backward_input(
      ops.pool(), shape, weight,
      {{DNNL_ARG_DIFF_DST, dy.as<float>()}, {DNNL_ARG_DIFF_SRC, dx.as<float>()}});
}

void convolution_backward_weight(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                 ConstMatrix x, float* dweight, float* dbias, bool accumulate) {
  const Matrix all(dweight, shape.out, shape.in * shape.window.kernel.pixels());
  Tensor mine;  // oneDNN's convolution overwrites; it cannot add
  if (accumulate) mine = Tensor(ops.pool(), {all.rows(), all.columns()});
  ops.convolutions().backward_weight(
      ops.pool(), shape, accumulate ? mine.f32() : dweight,
      {{DNNL_ARG_SRC, x.as<float>()}, {DNNL_ARG_DIFF_DST, dy.as<float>()}});
  if (accumulate) add(ops, all, mine);
  if (dbias != nullptr) column_sums(ops, dy, dbias, accumulate);
}

}  // namespace pipetrain
