// Token embedding with learned positions: y[b, t] = table[ids[b, t]] + positions[t],
// with dropout. Ranks that share the table have each some of its rows; where those of a pipeline
// do, pieces look up (nn/layers/embedding_piece.h), and the rest is a layer without a table.
// Radford et al., "Language models are unsupervised multitask learners", 2019, section 2.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/layers/dropout.h"
#include "nn/starting_values.h"

namespace pipetrain {

struct EmbeddingOptions {
  std::int64_t vocabulary = 0, width = 0;
  std::int64_t context =
      0;                // rows of the position table; at least the tokens of a row. 0: no positions
  bool scaled = false;  // table rows are multiplied with the root of the width
  double dropout = 0;   // rate
  Initial table = Start().weight, positions = Start().weight;
  TensorPlace place;  // its size is at most the vocabulary
  bool has_table = true;
};

// Options that a decoder is written with, too.
inline constexpr SizeOption kEmbeddingPositions{
    .name = "positions",
    .meaning = "Learned positions, one for each place in a sequence.",
    .follows = "as many as the data's tokens",
    .words = "`none`"};
inline constexpr const char* kNoPositions = "none";
inline constexpr RateOption kEmbeddingDropout{"dropout",
                                              "Rate at which the sum of both is dropped.", 0};

inline constexpr FlagOption kEmbeddingScaled{
    "scaled", "Rows of the table are multiplied with the root of the width.", false};

// Width, positions, scale and dropout, for rows of so many tokens.
EmbeddingOptions read_embedding(LayerOptions& options, std::int64_t tokens);

// The layer's name and those of its parts, which have a weight.
struct EmbeddingNames {
  static constexpr const char *kLayer = "embedding", *kTable = "token", *kPositions = "position";
};

// The whole names of those weights: an embedding is the first layer of its model.
std::string token_table_name();
std::string position_table_name();

class Embedding : public Layer {
 public:
  // (T) int32 -> (T, C); without a table (T, C) -> (T, C)
  Embedding(std::string name, std::int64_t tokens, const EmbeddingOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  DType input_dtype() const override {
    return options_.has_table ? DType::kInt32 : Layer::input_dtype();
  }
  GroupSums group_sums() const override { return {1, output_row().elements()}; }
  Reach reach() const override { return Reach::kToken; }
  std::unique_ptr<Layer> embedding_piece(const TensorPlace& place) const override;
  std::unique_ptr<Layer> without_table() const override;

 private:
  Tensor looked_up(const Context& context, const Tensor& ids);
  bool has_positions() const { return options_.context > 0; }

  EmbeddingOptions options_;
  Range ids_;  // whose rows this rank has
  std::int64_t tokens_, width_;
  float scale_;
  std::size_t table_ = kNone, positions_ = kNone;
};

}  // namespace pipetrain
