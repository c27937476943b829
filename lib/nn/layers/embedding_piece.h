// A piece of an embedding's table, where that is over the pipeline: some of its rows, and their
// gradients. It must not know other pieces, stages or messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "ops/embedding.h"

namespace pipetrain {

// The gradient of a table of which `here` are in memory becomes, or with context.accumulate has
// added, dy (tokens, width) at the rows of ids (tokens). `touched` are then those that it was added
// to since it became 0. Where others do not add to the gradient between steps, only such rows are
// cleared: a step touches few rows of a large table.
void add_table_gradient(const Context& context, TableRows here, const Tensor& ids, ConstMatrix dy,
                        float* gradient, std::vector<std::int32_t>& touched);

class EmbeddingPiece final : public Layer {
 public:
  // `table` is the whole embedding's (V, C), whose rows are shared out over the places; a row of
  // the batch becomes `row` (T, C).
  EmbeddingPiece(std::string name, Shape row, const Parameter& table, const TensorPlace& place);

  // x (B, T, C), in which other pieces have written their rows, and context.targets, ids (B, T) ->
  // x with the rows that this piece has.
  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  // Takes the gradient of all rows; gives none.
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  Reach reach() const override { return Reach::kToken; }

 private:
  TableRows ids_;  // whose rows this piece has
  std::size_t table_;
};

}  // namespace pipetrain
