#include "pipeline/loss.h"

#include <cassert>
#include <cstdint>
#include <utility>

#include "ops/bfloat16.h"
#include "ops/cross_entropy.h"

namespace pipetrain {
namespace {

double of_float_logits(const Context& context, const Layer& last, Tensor& logits,
                       const Tensor& targets, float gradient_scale, std::int64_t* correct,
                       BFloat16* rounded_gradient) {
  Ops& ops = context.ops;
  assert(logits.shape().rows() == targets.elements());
  if (!last.shares_outputs()) {
    return cross_entropy(ops, logits, targets.i32(), gradient_scale, correct, rounded_gradient);
  }
  const ClassPart part{context.tensor_group->rank(), context.tensor_group->size(),
                       last.first_output()};
  Tensor statistics(ops.pool(), statistics_shape(part, targets.elements()));
  partial_cross_entropy(ops, part, logits, targets.i32(), statistics.f32());
  context.sum_over_group(statistics);
  return finish_cross_entropy(ops, part, logits, targets.i32(), statistics.f32(), gradient_scale,
                              correct, rounded_gradient);
}

}  // namespace

double loss_of(const Context& context, const Layer& last, Tensor& logits, const Tensor& targets,
               float gradient_scale, std::int64_t* correct) {
  logits = converted(context.ops, std::move(logits), DType::kFloat32);
  if (last.activations() == DType::kFloat32 || gradient_scale == 0) {
    return of_float_logits(context, last, logits, targets, gradient_scale, correct, nullptr);
  }
  Tensor gradient(context.ops.pool(), logits.shape(), DType::kBFloat16);
  const double loss =
      of_float_logits(context, last, logits, targets, gradient_scale, correct, gradient.bf16());
  logits = std::move(gradient);
  return loss;
}

}  // namespace pipetrain
