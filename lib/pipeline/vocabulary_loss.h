// The loss of a model whose vocabulary is in pieces on all ranks of the pipeline, and its gradient:
// put together by the rank of the last stage from what every piece has made of the same rows. It
// must not know messages, schedules or what a piece computes with.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/ops.h"
#include "pipeline/stage.h"
#include "tensor/tensor.h"

namespace pipetrain {

// What a piece's S makes of x (rows, ..., C), in one tensor, of R = rows x ... rows of C: in
// training exp(logits - largest) W (R, C), W of the targets (R, C), and in any case the statistics
// (4, R) of ops/cross_entropy.h, one behind the other. Where pieces wait twice, the statistics
// alone.
Shape piece_result_shape(const Shape& x, Mode mode);
inline Shape statistics_shape_of(const Shape& x) { return piece_result_shape(x, Mode::kEvaluate); }
// What its T needs: (3, R).
Shape piece_totals_shape_of(const Shape& x);

// Where they lie in it. Null in evaluation.
struct PieceResult {
  PieceResult(const float* result, const Shape& x, Mode mode);
  const float *weighted = nullptr, *target = nullptr, *statistics = nullptr;
};

// The gradient of x from what the T of all pieces give, in their order.
Tensor sum_of_parts(Ops& ops, std::vector<Tensor> parts);

class VocabularyLoss {
 public:
  explicit VocabularyLoss(Ops& ops) : ops_(ops) {}

  void begin(const StepContext& step);  // forgets the step before

  // The totals (3, R) of all pieces' statistics, in their order; their loss is added up.
  Tensor count(const StepContext& step, int microbatch, const Shape& x,
               const std::vector<const float*>& statistics);
  Tensor count(const StepContext& step, int microbatch, const Shape& x,
               const std::vector<Tensor>& statistics);

  struct Combined {
    Tensor gradient;  // as x, float32; empty in evaluation
    Tensor totals;    // (3, R)
  };
  // `results` of all pieces, in their order.
  Combined combine(const StepContext& step, int microbatch, const Shape& x,
                   const std::vector<Tensor>& results);

  // As Stage has them.
  double loss_sum() const;
  std::int64_t correct() const { return correct_; }
  std::int64_t counted() const { return counted_; }

 private:
  Ops& ops_;
  std::vector<double> losses_;  // per microbatch
  std::int64_t correct_ = 0, counted_ = 0;
};

}  // namespace pipetrain
