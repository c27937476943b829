#include "nn/layers/class_token.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "ops/embedding.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kTokenGradient };

}  // namespace

ClassToken::ClassToken(std::string name, Shape row)
    : Layer(std::move(name), row, {1 + row.rows(), row.back()}) {
  token_ = add_parameter("weight", {row.back()}, {});
}

Tensor ClassToken::forward(const Context& context, Tensor x, Saved&) {
  Ops& ops = context.ops;
  const std::int64_t rows = x.shape()[0], width = x.shape().back();
  Tensor tokens(ops.pool(), {rows, width}, x.dtype());
  std::memset(tokens.data(), 0, tokens.bytes());
  add_positions(ops, {value(token_), 1, width}, tokens);
  Tensor y(ops.pool(), output_row().batched(rows), x.dtype());
  const Matrix to = Matrix(y).in_rows(rows);
  const ConstMatrix from = ConstMatrix(x).in_rows(rows);
  copy_columns(ops, {ConstMatrix(tokens), 0}, {to, 0}, width);
  copy_columns(ops, {from, 0}, {to, width}, from.columns());
  return y;
}

Tensor ClassToken::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = dy.shape()[0], width = dy.shape().back();
  Tensor dtokens(ops.pool(), {rows, width}, dy.dtype());
  Tensor dx(ops.pool(), input_row().batched(rows), dy.dtype());
  const ConstMatrix from = ConstMatrix(dy).in_rows(rows);
  const Matrix to = Matrix(dx).in_rows(rows);
  copy_columns(ops, {from, width}, {to, 0}, to.columns());
  copy_columns(ops, {from, 0}, {Matrix(dtokens), 0}, width);
  saved[kTokenGradient] = Tensor(ops.pool(), {1, width});
  position_backward(ops, dtokens, saved[kTokenGradient], /*accumulate=*/false);
  return dx;
}

void ClassToken::backward_weight(const Context& context, Saved& saved) {
  const Tensor& sum = saved[kTokenGradient];
  store(context.ops, {gradient(token_), 1, sum.elements()}, sum, context.accumulate);
  saved.clear();
}

void make_class_token(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<ClassToken>(model.name("class_token"), model.row()));
}

}  // namespace pipetrain
