#include "nn/layers/embedding_piece.h"

#include <cstring>
#include <utility>

namespace pipetrain {
namespace {

enum Slot { kIds, kOutputGradient };

void clear_gradient(TableRows here, std::int64_t width, bool all, float* gradient,
                    std::vector<std::int32_t>& touched) {
  const auto row_bytes = static_cast<std::size_t>(width) * sizeof(float);
  if (all) {
    std::memset(gradient, 0, static_cast<std::size_t>(here.count) * row_bytes);
  } else {
    for (const std::int32_t row : touched) std::memset(gradient + row * width, 0, row_bytes);
  }
  touched.clear();
}

}  // namespace

void add_table_gradient(const Context& context, TableRows here, const Tensor& ids, ConstMatrix dy,
                        float* gradient, std::vector<std::int32_t>& touched) {
  if (!context.accumulate) {
    clear_gradient(here, dy.columns(), /*all=*/context.replicas > 1, gradient, touched);
  }
  for (std::int64_t i = 0; i < ids.elements(); ++i) {
    const std::int32_t id = ids.i32()[i];
    if (here.has(id)) touched.push_back(static_cast<std::int32_t>(here.row(id)));
  }
  embedding_backward(context.ops, here, ids.i32(), dy, gradient);
}

EmbeddingPiece::EmbeddingPiece(std::string name, Shape row, const Parameter& table,
                               const TensorPlace& place)
    : Layer(std::move(name), row, row) {
  const Range rows = part_of(table.whole[0], place);
  ids_ = {rows.first, rows.count};
  table_ =
      add_matrix("token.weight", table.whole, table.initial, slicing(0, {table.whole[0]}, place));
  parameters()[table_].name = table.name;
  parameters()[table_].looked_up = true;
}

Tensor EmbeddingPiece::forward(const Context& context, Tensor x, Saved& saved) {
  write_rows(context.ops, ids_, context.targets, matrix(table_), x);
  if (context.mode == Mode::kTrain) {
    saved[kIds] = Tensor(context.ops.pool(), {x.shape().rows()}, DType::kInt32);
    std::memcpy(saved[kIds].data(), context.targets, saved[kIds].bytes());
  }
  return x;
}

Tensor EmbeddingPiece::backward_input(const Context&, Tensor dy, Saved& saved) {
  saved[kOutputGradient] = std::move(dy);
  return {};
}

void EmbeddingPiece::backward_weight(const Context& context, Saved& saved) {
  add_table_gradient(context, ids_, saved[kIds], saved[kOutputGradient], gradient(table_),
                     touched_rows(table_));
  saved.clear();
}

}  // namespace pipetrain
