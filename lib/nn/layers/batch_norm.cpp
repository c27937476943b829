#include "nn/layers/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

// From forward: x, and mean and biased variance (2, C). For backward_weight: what the running
// statistics learn from this microbatch (2, C), and the gradients of gamma and beta (2, C).
enum Slot { kInput, kMoments, kNormGradients };

constexpr double kMomentum = 0.1;

}  // namespace

BatchNorm::BatchNorm(std::string name, Shape row, bool relu)
    : Layer(std::move(name), row, row), channels_(row.back()), relu_(relu) {
  gamma_ = add_parameter("weight", {channels_}, {Initial::Kind::kConstant, 1.0f});
  beta_ = add_parameter("bias", {channels_}, {});
  running_mean_ = add_buffer("running_mean", {channels_}, 0.0f);
  running_variance_ = add_buffer("running_var", {channels_}, 1.0f);
}

Tensor BatchNorm::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  Tensor y(ops.pool(), x.shape(), x.dtype());
  if (context.mode == Mode::kEvaluate) {
    batch_norm_forward(ops, norm(buffer(running_mean_).value, buffer(running_variance_).value), x,
                       y);
    return y;
  }
  Tensor moments(ops.pool(), {2, channels_});
  float *mean = moments.f32(), *variance = mean + channels_;
  batch_moments(ops, x, mean, variance);
  batch_norm_forward(ops, norm(mean, variance), x, y);
  saved[kInput] = std::move(x);
  saved[kMoments] = std::move(moments);
  return y;
}

Tensor BatchNorm::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Tensor norm_gradients(context.ops.pool(), {2, channels_});
  Tensor& moments = saved[kMoments];
  const float* mean = moments.f32();
  float* variance = moments.f32() + channels_;
  batch_norm_backward(context.ops, norm(mean, variance), dy, saved[kInput], norm_gradients.f32(),
                      norm_gradients.f32() + channels_);
  const auto rows = static_cast<float>(dy.shape().rows());
  context.ops.simd().scale(variance, channels_, rows / std::max(1.0f, rows - 1));
  saved[kInput].reset();
  saved[kNormGradients] = std::move(norm_gradients);
  return dy;
}

void BatchNorm::backward_weight(const Context& context, Saved& saved) {
  const float* made = saved[kNormGradients].f32();
  for (const std::size_t parameter : {gamma_, beta_}) {
    store(context.ops, {gradient(parameter), 1, channels_}, {made, 1, channels_},
          context.accumulate);
    made += channels_;
  }
  update_running(context, saved[kMoments]);
  saved.clear();
}

// M updates in a row come to (1 - a)^M running + the sum of a (1 - a)^(M - 1 - m) measured(m): a
// sum, to which a schedule may add its microbatches in any order.
void BatchNorm::update_running(const Context& context, const Tensor& moments) const {
  const int later = context.microbatches - 1 - context.microbatch;
  const auto share = static_cast<float>(kMomentum * std::pow(1 - kMomentum, later));
  const auto kept = static_cast<float>(std::pow(1 - kMomentum, context.microbatches));
  const float* measured = moments.f32();
  for (const std::size_t index : {running_mean_, running_variance_}) {
    const Buffer& running = buffer(index);
    for (std::int64_t c = 0; c < channels_; ++c) {
      const float before = context.accumulate_buffers ? running.next[c] : kept * running.value[c];
      running.next[c] = before + share * measured[c];
    }
    measured += channels_;
  }
}

namespace {

constexpr FlagOption kRelu{"relu", "One behind it, in the same pass.", false};

}  // namespace

std::vector<LayerOption> batch_norm_options() { return {kRelu}; }

void make_batch_norm(ModelBuilder& model, LayerOptions& options) {
  model.add(
      std::make_unique<BatchNorm>(model.name("batch_norm"), model.row(), options.read(kRelu)));
}

}  // namespace pipetrain
