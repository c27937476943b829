#include "nn/layers/vocabulary_head.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "ops/cross_entropy.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kLogits, kTargets, kStatistics };

// The row of the table that is each target's, or zeros where that is another piece's.
void pick_target_rows(const Range& rows, const std::int32_t* targets, ConstMatrix table,
                      Matrix picked) {
  for (std::int64_t row = 0; row < picked.rows(); ++row) {
    const std::int64_t target = targets[row] - rows.first;
    const bool here = targets[row] >= 0 && target >= 0 && target < rows.count;
    float* const to = picked.row<float>(row);
    if (here) {
      std::copy_n(table.row<float>(target), picked.columns(), to);
    } else {
      std::fill_n(to, picked.columns(), 0.0f);
    }
  }
}

}  // namespace

VocabularyHead::VocabularyHead(std::string name, Shape row, const Parameter& weight,
                               const Parameter* bias, const TensorPlace& place,
                               PieceGradient gradient)
    : Layer(std::move(name), row, row),
      rows_(part_of(weight.whole[0], place)),
      gradient_(gradient) {
  const Slicing slices = slicing(0, {weight.whole[0]}, place);
  weight_ = add_matrix("weight", weight.whole, weight.initial, slices);
  parameters()[weight_].name = weight.name;
  parameters()[weight_].tied_to_earlier = weight.tied_to_earlier;
  if (bias != nullptr) bias_ = add_parameter("bias", bias->whole, bias->initial, slices);
}

double VocabularyHead::forward_flop() const {
  return 2.0 * static_cast<double>(input_row().elements()) *
         static_cast<double>(parameters()[weight_].whole[0]);
}

Tensor VocabularyHead::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = x.shape().rows(), width = x.shape().back();
  const bool trains = context.mode == Mode::kTrain;
  const bool multiplies = trains && gradient_ == PieceGradient::kInForward;
  const std::int64_t products = multiplies ? 2 * rows * width : 0;
  Tensor result(ops.pool(), {products + piece_statistics_shape(rows).elements()});
  Tensor logits(ops.pool(), {rows, rows_.count});
  linear_forward(ops, x, matrix(weight_), value(bias_), logits);
  float* const statistics = result.f32() + products;
  piece_statistics(ops, rows_.first, logits, context.targets, statistics);
  if (!trains) return result;
  if (multiplies) {
    linear_backward_input(ops, logits, value(weight_), Matrix(result.f32(), rows, width));
    pick_target_rows(rows_, context.targets, matrix(weight_),
                     Matrix(result.f32() + rows * width, rows, width));
  }
  saved[kTargets] = Tensor(ops.pool(), {rows}, DType::kInt32);
  std::memcpy(saved[kTargets].data(), context.targets, saved[kTargets].bytes());
  saved[kStatistics] = Tensor(ops.pool(), piece_statistics_shape(rows));
  std::memcpy(saved[kStatistics].data(), statistics, saved[kStatistics].bytes());
  saved[kInput] = std::move(x);
  saved[kLogits] = std::move(logits);
  return result;
}

Tensor VocabularyHead::backward_input(const Context& context, Tensor totals, Saved& saved) {
  piece_gradient(context.ops, rows_.first, saved[kLogits], saved[kTargets].i32(),
                 saved[kStatistics].f32(), totals.f32());
  saved[kTargets].reset();
  saved[kStatistics].reset();
  if (gradient_ == PieceGradient::kInForward) return {};
  Tensor dx(context.ops.pool(), saved[kInput].shape());
  linear_backward_input(context.ops, saved[kLogits], value(weight_), dx);
  return dx;
}

void VocabularyHead::backward_weight(const Context& context, Saved& saved) {
  linear_backward_weight(context.ops, saved[kLogits], saved[kInput], gradient(weight_),
                         gradient(bias_), context.accumulate);
  saved.clear();
}

}  // namespace pipetrain
