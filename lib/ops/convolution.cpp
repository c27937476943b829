#include "ops/convolution.h"

#include <cassert>
#include <cstdint>
#include <string>
#include <utility>

#include "ops/bfloat16.h"
#include "ops/convolution_primitives.h"
#include "ops/linear.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// "conv 3x3/2 64 to 128": kernel, stride, channels.
std::string name_of(const ConvolutionShape& shape) {
  const auto& [kernel, stride, padding] = shape.window;
  std::string name = "conv " + std::to_string(kernel.height) + "x" + std::to_string(kernel.width);
  if (stride.width > 1) name.append("/").append(std::to_string(stride.width));
  return name.append(" ")
      .append(std::to_string(shape.in))
      .append(" to ")
      .append(std::to_string(shape.out));
}

// Of any pass: input, output and weights are read or written once, or their gradients are.
Work convolution_work(const ConvolutionShape& shape, DType weights) {
  const auto bytes = [](std::int64_t entries, DType dtype) {
    return static_cast<double>(entries) * static_cast<double>(element_bytes(dtype));
  };
  const std::int64_t entries =
      shape.batch * shape.image.pixels() * shape.in + shape.out_rows() * shape.out;
  return {.operation = name_of(shape),
          .kind = WorkKind::kConvolution,
          .flop = shape.flop(),
          .bytes = bytes(entries, shape.dtype) + bytes(shape.weights(), weights),
          .dtype = shape.dtype};
}

// What a convolution reads: itself, or float32 copies of bfloat16 entries where the processor does
// not multiply those.
class Operand {
 public:
  Operand(Ops& ops, const ConstMatrix& x) : data_(x.data()) {
    if (x.dtype() == ops.convolutions().multiplied(x.dtype())) return;
    copy_ = Tensor(ops.pool(), {x.rows(), x.columns()});
    widen(ops, x.entries(), x.as<BFloat16>(), copy_.f32());
    data_ = copy_.data();
  }
  const void* data() const { return data_; }

 private:
  Tensor copy_;
  const void* data_;
};

// run(where it writes): y itself, or what is then rounded to it.
template <class Run>
void write_result(Ops& ops, const Matrix& y, const Run& run) {
  if (y.dtype() == ops.convolutions().multiplied(y.dtype())) return run(y.data());
  Tensor wide(ops.pool(), {y.rows(), y.columns()});
  run(wide.data());
  round(ops, y.entries(), wide.f32(), y.as<BFloat16>());
}

}  // namespace

void convolution_forward(Ops& ops, const ConvolutionShape& shape, ConstMatrix x,
                         const float* weight, const float* bias, Matrix y) {
  assert(x.dtype() == shape.dtype && y.dtype() == shape.dtype);
  const WorkScope scope(ops, [&] { return convolution_work(shape, shape.dtype); });
  const Operand from(ops, x);
  write_result(ops, y, [&](void* to) {
    ConvolutionPrimitives::Addresses addresses = {{DNNL_ARG_SRC, from.data()}, {DNNL_ARG_DST, to}};
    if (shape.bias) addresses.emplace_back(DNNL_ARG_BIAS, bias);
    ops.convolutions().forward(ops, shape, weight, std::move(addresses));
  });
}

void convolution_backward_input(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                const float* weight, Matrix dx) {
  assert(dy.dtype() == shape.dtype && dx.dtype() == shape.dtype);
  const WorkScope scope(ops, [&] { return convolution_work(shape, shape.dtype); });
  const Operand from(ops, dy);
  write_result(ops, dx, [&](void* to) {
    ops.convolutions().backward_input(ops, shape, weight,
                                      {{DNNL_ARG_DIFF_DST, from.data()}, {DNNL_ARG_DIFF_SRC, to}});
  });
}

void convolution_backward_weight(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                 ConstMatrix x, float* dweight, float* dbias, bool accumulate) {
  assert(dy.dtype() == shape.dtype && x.dtype() == shape.dtype);
  const WorkScope scope(ops, [&] { return convolution_work(shape, DType::kFloat32); });
  {
    const Operand from(ops, x), gradient(ops, dy);
    ops.convolutions().backward_weight(
        ops, shape, dweight, accumulate,
        {{DNNL_ARG_SRC, from.data()}, {DNNL_ARG_DIFF_DST, gradient.data()}});
  }
  if (dbias != nullptr) column_sums(ops, dy, dbias, accumulate);
}

}  // namespace pipetrain
