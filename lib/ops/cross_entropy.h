// Softmax cross entropy fused with its gradient. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// For logits (rows, classes) of float32 and targets (rows): the sum over rows of log(sum exp) -
// logit[target], in row order. `gradient_scale` != 0: logits become (softmax - one_hot(target)) *
// gradient_scale, or `rounded_gradient`, if given, becomes that; else they are left undefined.
// `correct`, if given, counts the rows whose largest logit is the target's. A row whose target is
// below 0 does not count: its loss is 0, and so is its gradient.
double cross_entropy(Ops& ops, Matrix logits, const std::int32_t* targets, float gradient_scale,
                     std::int64_t* correct = nullptr, BFloat16* rounded_gradient = nullptr);

// The same over classes that several ranks share, in two passes between which the ranks' statistics
// are summed. A rank has logits (rows, classes) of the classes from first_class on.
struct ClassPart {
  int rank = 0, ranks = 1;
  std::int64_t first_class = 0;  // of this rank
};

// What a rank knows of each row: its largest logit and the sum of exp(logit - largest); the last
// line is the target's logit. All lines but this rank's own are 0, and the last one where the
// target is another rank's, so that a sum over the ranks fills them in.
inline Shape statistics_shape(const ClassPart& part, std::int64_t rows) {
  return {2 * part.ranks + 1, rows};
}
// logits become exp(logits - the rank's largest).
void partial_cross_entropy(Ops& ops, const ClassPart& part, Matrix logits,
                           const std::int32_t* targets, float* statistics);
// From the summed statistics, and what partial_cross_entropy made of the logits, as cross_entropy.
double finish_cross_entropy(Ops& ops, const ClassPart& part, Matrix logits,
                            const std::int32_t* targets, const float* statistics,
                            float gradient_scale, std::int64_t* correct = nullptr,
                            BFloat16* rounded_gradient = nullptr);

}  // namespace pipetrain
