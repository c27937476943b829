#include "ops/convolution.h"

#include <cstdint>
#include <utility>

#include "ops/convolution_primitives.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {

ConvolutionRates measure_convolutions(Ops& ops, double seconds) {
  return ops.convolutions().measure(ops.pool(), seconds);
}

void convolution_forward(Ops& ops, const ConvolutionShape& shape, const float* x,
                         const float* weight, const float* bias, float* y) {
  ConvolutionPrimitives::Addresses addresses = {{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}};
  if (shape.bias) addresses.emplace_back(DNNL_ARG_BIAS, bias);
  ops.convolutions().forward(ops.pool(), shape, weight, std::move(addresses));
}

void convolution_backward_input(Ops& ops, const ConvolutionShape& shape, const float* dy,
                                const float* weight, float* dx) {
  ops.convolutions().backward_input(ops.pool(), shape, weight,
                                    {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
}

void convolution_backward_weight(Ops& ops, const ConvolutionShape& shape, const float* dy,
                                 const float* x, float* dweight, float* dbias, bool accumulate) {
  const std::int64_t elements = shape.out * shape.in * shape.window.kernel.pixels();
  Tensor mine;  // oneDNN's convolution overwrites; it cannot add
  if (accumulate) mine = Tensor(ops.pool(), {elements});
  ops.convolutions().backward_weight(ops.pool(), shape, accumulate ? mine.f32() : dweight,
                                     {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}});
  if (accumulate) add(ops, elements, dweight, mine.f32());
  if (dbias != nullptr) column_sums(ops, shape.out_rows(), shape.out, dy, dbias, accumulate);
}

}  // namespace pipetrain
