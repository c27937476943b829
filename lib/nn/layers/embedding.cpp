#include "nn/layers/embedding.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
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
    : Layer(std::move(name), {tokens}, {tokens, options.width}),
      place_(options.place),
      ids_(part_of(options.vocabulary, place_)),
      tokens_(tokens),
      width_(options.width),
      has_positions_(options.context > 0),
      scale_(options.scaled ? std::sqrt(static_cast<float>(options.width)) : 1.0f),
      dropout_(options.dropout) {
  table_ = add_matrix(weight_of(Names::kTable), {options.vocabulary, options.width}, options.table,
                      slicing(0, {options.vocabulary}, place_));
  parameters()[table_].looked_up = true;
  if (has_positions_) {
    positions_ = add_parameter(weight_of(Names::kPositions), {options.context, options.width},
                               options.positions);
  }
}

Tensor Embedding::forward(const Context& context, Tensor x, Saved& saved) {
  const std::int64_t rows = x.shape()[0], tokens = x.shape()[1];
  Tensor y(context.ops.pool(), {rows, tokens, width_},
           place_.alone() ? output_dtype() : DType::kFloat32);
  embedding_forward(context.ops, {ids_.first, ids_.count}, x.i32(), matrix(table_), y);
  if (!place_.alone()) {
    context.sum_over_group(y);
    y = converted(context.ops, std::move(y), output_dtype());
  }
  if (scale_ != 1.0f) multiply(context.ops, y, scale_);
  if (has_positions_) {
    const float* const first = value(positions_) + context.first_token * width_;
    add_positions(context.ops, {first, tokens, width_}, y, context.document_starts);
  }
  drop_output(context, name(), dropout_, y);
  if (context.mode == Mode::kTrain) saved[kIds] = std::move(x);
  return y;
}

Tensor Embedding::backward_input(const Context& context, Tensor dy, Saved& saved) {
  drop_output(context, name(), dropout_, dy);
  saved[kOutputGradient] = std::move(dy);
  return {};
}

void Embedding::backward_weight(const Context& context, Saved& saved) {
  const Tensor& ids = saved[kIds];
  Tensor& dy = saved[kOutputGradient];
  if (!context.accumulate) clear_gradient(context.replicas > 1);
  const TableRows here{ids_.first, ids_.count};
  for (const std::int32_t id : std::span(ids.i32(), static_cast<std::size_t>(ids.elements()))) {
    if (here.has(id)) touched_rows(table_).push_back(static_cast<std::int32_t>(here.row(id)));
  }
  if (has_positions_) {
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
  if (scale_ != 1.0f) multiply(context.ops, dy, scale_);
  embedding_backward(context.ops, here, ids.i32(), dy, gradient(table_));
  saved.clear();
}

// A step touches few rows of a large table: clearing those is much cheaper than clearing all, which
// other replicas may have touched.
void Embedding::clear_gradient(bool all) {
  const auto row_bytes = static_cast<std::size_t>(width_) * sizeof(float);
  if (all) {
    std::memset(gradient(table_), 0, static_cast<std::size_t>(ids_.count) * row_bytes);
  } else {
    for (const std::int32_t row : touched_rows(table_)) {
      std::memset(gradient(table_) + row * width_, 0, row_bytes);
    }
  }
  touched_rows(table_).clear();
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
