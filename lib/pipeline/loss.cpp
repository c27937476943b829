#include "pipeline/loss.h"

#include "ops/cross_entropy.h"

namespace pipetrain {

double loss_of(const Context& context, const Layer& last, Tensor& logits, const Tensor& targets,
               float gradient_scale, std::int64_t* correct) {
  Ops& ops = context.ops;
  const std::int64_t rows = targets.elements();
  if (!last.shares_outputs()) {
    return cross_entropy(ops, rows, logits.shape().back(), logits.f32(), targets.i32(),
                         gradient_scale, correct);
  }
  const ClassPart part{context.tensor_group->rank(), context.tensor_group->size(),
                       last.first_output(), logits.shape().back()};
  Tensor statistics(ops.pool(), statistics_shape(part, rows));
  partial_cross_entropy(ops, part, rows, logits.f32(), targets.i32(), statistics.f32());
  context.sum_over_group(statistics);
  return finish_cross_entropy(ops, part, rows, logits.f32(), targets.i32(), statistics.f32(),
                              gradient_scale, correct);
}

}  // namespace pipetrain
