#include "nn/layers/token_types.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "nn/layers/model_builder.h"
#include "ops/embedding.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kRowGradient };

}  // namespace

TokenTypes::TokenTypes(std::string name, Shape row, std::int64_t types, const Initial& initial)
    : Layer(std::move(name), row, row), types_(types) {
  table_ = add_parameter("weight", {types, row.back()}, initial);
}

Tensor TokenTypes::forward(const Context& context, Tensor x, Saved&) {
  add_positions(context.ops, {value(table_), 1, x.shape().back()}, x);
  return x;
}

// The layer before may write over dy: what backward_weight needs of it is its sum.
Tensor TokenTypes::backward_input(const Context& context, Tensor dy, Saved& saved) {
  saved[kRowGradient] = Tensor(context.ops.pool(), {1, dy.shape().back()});
  position_backward(context.ops, dy, saved[kRowGradient], /*accumulate=*/false);
  return dy;
}

void TokenTypes::backward_weight(const Context& context, Saved& saved) {
  const Tensor& sum = saved[kRowGradient];
  const std::int64_t width = sum.elements();
  float* const table = gradient(table_);
  store(context.ops, {table, 1, width}, sum, context.accumulate);
  if (!context.accumulate) std::fill(table + width, table + types_ * width, 0.0f);
  saved.clear();
}

std::vector<LayerOption> token_types_options() { return {kTokenTypes}; }

void make_token_types(ModelBuilder& model, LayerOptions& options) {
  const std::int64_t types = options.read(kTokenTypes);
  model.add(std::make_unique<TokenTypes>(
      model.name("token_types"), model.row(), types,
      model.starts().of(ModelPart::kPositions, 1, model.row().back()).weight));
}

}  // namespace pipetrain
