#include "nn/layers/positions.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/dropout.h"
#include "nn/layers/model_builder.h"
#include "ops/embedding.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kPositionGradients };

}  // namespace

Positions::Positions(std::string name, Shape row, const Initial& initial, double dropout)
    : Layer(std::move(name), row, {row.rows(), row.back()}), dropout_(dropout) {
  positions_ = add_parameter("weight", output_row(), initial);
}

Tensor Positions::forward(const Context& context, Tensor x, Saved&) {
  const std::int64_t rows = x.shape()[0], width = x.shape().back();
  const std::int64_t tokens = x.elements() / rows / width;
  add_positions(context.ops, {value(positions_) + context.first_token * width, tokens, width}, x,
                context.document_starts);
  x.reshape({rows, tokens, width});
  drop_output(context, name(), dropout_, x);
  return x;
}

// The layer before may write over dy: what backward_weight needs of it is its sum.
Tensor Positions::backward_input(const Context& context, Tensor dy, Saved& saved) {
  const std::int64_t rows = dy.shape()[0];
  drop_output(context, name(), dropout_, dy);
  Tensor sum(context.ops.pool(), output_row());
  const std::int64_t tokens = dy.shape()[1], width = dy.shape().back();
  const bool slice = tokens < output_row()[0];  // the others' positions have no part in it
  if (slice) std::memset(sum.data(), 0, sum.bytes());
  position_backward(context.ops, dy, {sum.f32() + context.first_token * width, tokens, width},
                    slice, context.document_starts);
  saved[kPositionGradients] = std::move(sum);
  if (!slice) dy.reshape(input_row().batched(rows));
  return dy;
}

void Positions::backward_weight(const Context& context, Saved& saved) {
  const Tensor& sum = saved[kPositionGradients];
  store(context.ops, {gradient(positions_), output_row()[0], output_row()[1]}, sum,
        context.accumulate);
  saved.clear();
}

namespace {

constexpr RateOption kDropout{"dropout", "Rate at which the sum is dropped.", 0};

}  // namespace

std::vector<LayerOption> positions_options() { return {kDropout}; }

void make_positions(ModelBuilder& model, LayerOptions& options) {
  model.add(std::make_unique<Positions>(model.name("positions"), model.row(),
                                        model.starts().of(ModelPart::kPatchPositions, 1, 1).weight,
                                        options.read(kDropout)));
}

}  // namespace pipetrain
