// Softmax cross entropy fused with its gradient. It must not know layers.
#pragma once

#include <cstdint>
#include <vector>

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

// The same over pieces of the classes, of which each gives what follows from its own logits alone,
// and its part of the gradient before the classes' product, too (Yeung et al. 2024, arXiv
// 2411.05288, section 4.2). Of each row (piece_statistics) four lines: the largest logit, the sum
// of exp(logit - largest), the target's logit, and 1 where the target is in this piece; else 0.
inline Shape piece_statistics_shape(std::int64_t rows) { return {4, rows}; }
// logits become exp(logits - the piece's largest).
void piece_statistics(Ops& ops, std::int64_t first_class, Matrix logits,
                      const std::int32_t* targets, float* statistics);

// What all pieces come to, of each row: the largest logit, gradient_scale / the sum of exp(logit -
// largest), and gradient_scale; the last two are 0 where the target does not count.
inline Shape piece_totals_shape(std::int64_t rows) { return {3, rows}; }
struct PieceLoss {
  double loss = 0;  // as cross_entropy
  std::int64_t correct = 0, counted = 0;
};
// Pieces count in their order, whichever came first.
PieceLoss total_of_pieces(Ops& ops, const std::vector<const float*>& statistics, std::int64_t rows,
                          float gradient_scale, float* totals);
// dx (rows, width) of the product logits = x W^T: the sum over the pieces of what each has made,
// exp(logits - its largest) W and W of the target, zero where that is another piece's.
struct PieceProducts {
  const float *weighted = nullptr, *target = nullptr;  // (rows, width) each
};
void gradient_of_pieces(Ops& ops, const std::vector<const float*>& statistics,
                        const std::vector<PieceProducts>& products, const float* totals, Matrix dx);
// From what piece_statistics made of the logits: they become their gradient.
void piece_gradient(Ops& ops, std::int64_t first_class, Matrix logits, const std::int32_t* targets,
                    const float* statistics, const float* totals);

}  // namespace pipetrain
