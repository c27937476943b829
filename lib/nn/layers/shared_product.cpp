#include "nn/layers/shared_product.h"

#include <utility>

#include "ops/bfloat16.h"
#include "ops/linear.h"

namespace pipetrain {

Tensor shared_input_gradient(const Context& context, const TensorPlace& place, const Shape& shape,
                             const Tensor& dy, const float* weight) {
  Tensor dx(context.ops.pool(), shape, place.alone() ? dy.dtype() : DType::kFloat32);
  linear_backward_input(context.ops, dy, weight, dx);
  if (place.alone()) return dx;
  context.sum_over_group(dx);
  return converted(context.ops, std::move(dx), dy.dtype());
}

}  // namespace pipetrain
