#include "nn/layers/embedding.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/embedding_piece.h"
#include "nn/layers/model_builder.h"
#include "nn/tensor_names.h"
#include "ops/bfloat16.h"
#include "ops/embedding.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

using Names = EmbeddingNames;

enum Slot { kIds, kOutputGradient };

std::string weight_name(const std::string& part) {
  return layer_name(0, Names::kLayer) + "." + weight_of(part);
}

}  // namespace

std::string token_table_name() { return weight_name(Names::kTable); }
std::string position_table_name() { return weight_name(Names::kPositions); }

Embedding::Embedding(std::string name, std::int64_t tokens, const EmbeddingOptions& options)
    : Layer(std::move(name), options.has_table ? Shape{tokens} : Shape{tokens, options.width},
            {tokens, options.width}),
      options_(options),
      ids_(part_of(options.vocabulary, options.place)),
      tokens_(tokens),
      width_(options.width),
      scale_(options.scaled ? std::sqrt(static_cast<float>(options.width)) : 1.0f) {
  if (options.has_table) {
    table_ = add_matrix(weight_of(Names::kTable), {options.vocabulary, options.width},
                        options.table, slicing(0, {options.vocabulary}, options.place));
    parameters()[table_].looked_up = true;
  }
  if (has_positions()) {
    positions_ = add_parameter(weight_of(Names::kPositions), {options.context, options.width},
                               options.positions);
  }
}

std::unique_ptr<Layer> Embedding::embedding_piece(const TensorPlace& place) const {
  const bool cuts = options_.has_table && options_.place.alone() &&
                    activations() == DType::kFloat32 && options_.vocabulary >= place.size;
  if (!cuts) return nullptr;
  return std::make_unique<EmbeddingPiece>(name(), output_row(), parameters()[table_], place);
}

std::unique_ptr<Layer> Embedding::without_table() const {
  EmbeddingOptions rest = options_;
  rest.has_table = false;
  return std::make_unique<Embedding>(name(), tokens_, rest);
}

Tensor Embedding::looked_up(const Context& context, const Tensor& ids) {
  const bool alone = options_.place.alone();
  Tensor y(context.ops.pool(), {ids.shape()[0], ids.shape()[1], width_},
           alone ? output_dtype() : DType::kFloat32);
  embedding_forward(context.ops, {ids_.first, ids_.count}, ids.i32(), matrix(table_), y);
  if (alone) return y;
  context.sum_over_group(y);
  return converted(context.ops, std::move(y), output_dtype());
}

Tensor Embedding::forward(const Context& context, Tensor x, Saved& saved) {
  const std::int64_t tokens = x.shape()[1];
  Tensor y;
  if (options_.has_table) {
    y = looked_up(context, x);
    if (context.mode == Mode::kTrain) saved[kIds] = std::move(x);
  } else {
    y = std::move(x);
  }
  if (scale_ != 1.0f) multiply(context.ops, y, scale_);
  if (has_positions()) {
    const float* const first = value(positions_) + context.first_token * width_;
    add_positions(context.ops, {first, tokens, width_}, y, context.document_starts);
  }
  drop_output(context, name(), options_.dropout, y);
  return y;
}

// Of what has been looked up dx is the gradient; positions need dy, which is not scaled.
Tensor Embedding::backward_input(const Context& context, Tensor dy, Saved& saved) {
  drop_output(context, name(), options_.dropout, dy);
  if (options_.has_table) {
    saved[kOutputGradient] = std::move(dy);
    return {};
  }
  Tensor dx;
  if (has_positions()) {
    dx = Tensor(context.ops.pool(), dy.shape(), dy.dtype());
    copy(context.ops, dy, dx);
    saved[kOutputGradient] = std::move(dy);
  } else {
    dx = std::move(dy);
  }
  if (scale_ != 1.0f) multiply(context.ops, dx, scale_);
  return dx;
}

void Embedding::backward_weight(const Context& context, Saved& saved) {
  Tensor& dy = saved[kOutputGradient];
  if (has_positions()) {
    // A slice has some of the positions: the others' gradients are of the slices that follow it.
    const std::int64_t tokens = dy.shape()[1];
    const bool slice = tokens < tokens_;
    if (slice && !context.accumulate) {
      std::memset(gradient(positions_), 0,
                  static_cast<std::size_t>(tokens_ * width_) * sizeof(float));
    }
    position_backward(context.ops, dy,
                      {gradient(positions_) + context.first_token * width_, tokens, width_},
                      slice || context.accumulate, context.document_starts);
  }
  if (options_.has_table) {
    if (scale_ != 1.0f) multiply(context.ops, dy, scale_);
    add_table_gradient(context, {ids_.first, ids_.count}, saved[kIds], dy, gradient(table_),
                       touched_rows(table_));
  }
  saved.clear();
}

namespace {

constexpr SizeOption kVocabulary{.name = "vocabulary",
                                 .meaning = "Rows of the table.",
                                 .follows = "`auto`",
                                 .words = "`auto`: as the data has",
                                 .from_data = true},
    kWidth{"width", "Entries of a row."};

}  // namespace

std::vector<LayerOption> embedding_options() {
  return {kVocabulary, kWidth, kEmbeddingPositions, kEmbeddingScaled, kEmbeddingDropout};
}

EmbeddingOptions read_embedding(LayerOptions& options, std::int64_t tokens) {
  EmbeddingOptions made;
  made.width = options.read(kWidth);
  made.context = options.size(kEmbeddingPositions.name, tokens, kNoPositions, 0);
  made.scaled = options.read(kEmbeddingScaled);
  made.dropout = options.read(kEmbeddingDropout);
  return made;
}

void make_embedding(ModelBuilder& model, LayerOptions& options) {
  const DataShape& data = model.data();
  const std::int64_t vocabulary =
      options.size(kVocabulary.name, model.vocabulary(), "auto", data.vocabulary);
  EmbeddingOptions made = read_embedding(options, data.row[0]);
  made.vocabulary = vocabulary;
  if (made.vocabulary < data.vocabulary) {
    options.fail("vocabulary " + std::to_string(made.vocabulary) + " is smaller than the data's " +
                 std::to_string(data.vocabulary) + "; give at least that, or auto");
  }
  if (made.context > 0 && made.context < data.row[0]) {
    options.fail("has " + std::to_string(made.context) + " positions, but sequences have " +
                 std::to_string(data.row[0]) + " tokens; lower data.sequence_length");
  }
  model.vocabulary() = made.vocabulary;
  made.place = model.sharing().by_vocabulary(options, made.vocabulary);
  made.table = model.starts().of(ModelPart::kTable, 1, made.width).weight;
  made.positions = model.starts().of(ModelPart::kPositions, 1, made.width).weight;
  model.add(std::make_unique<Embedding>(model.name(Names::kLayer), data.row[0], made));
}

}  // namespace pipetrain
