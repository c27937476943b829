#include "nn/norm.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace pipetrain {

NormKind read_norm(LayerOptions& options) {
  return options.choice("norm", NormKind::kLayer, kNorms);
}

float read_epsilon(LayerOptions& options) {
  return static_cast<float>(options.positive_number("epsilon", kNormEpsilon));
}

Norm::Norm(Layer& layer, const std::string& name, std::int64_t width, NormKind kind, bool bias,
           float epsilon)
    : layer_(layer),
      gamma_(layer.parameters().size()),
      width_(width),
      kind_(kind),
      has_beta_(kind == NormKind::kLayer && bias),
      epsilon_(epsilon) {
  std::vector<Parameter>& parameters = layer.parameters();
  parameters.push_back({name + ".weight", {width}, {Initial::Kind::kConstant, 1.0f}});
  if (has_beta_) parameters.push_back({name + ".bias", {width}, {}});
}

void Norm::forward(Ops& ops, std::int64_t rows, ConstActivationPtr x, ActivationPtr normalized,
                   float* rstd, ActivationPtr y) const {
  if (kind_ == NormKind::kLayer) {
    layer_norm_forward(ops, rows, width_, x, gamma(), beta(), normalized, rstd, y, epsilon_);
  } else {
    rms_norm_forward(ops, rows, width_, x, gamma(), normalized, rstd, y, epsilon_);
  }
}

void Norm::replay(Ops& ops, std::int64_t rows, ConstActivationPtr normalized,
                  ActivationPtr y) const {
  norm_replay(ops, rows, width_, normalized, gamma(), beta(), y);
}

Tensor Norm::backward(Ops& ops, std::int64_t rows, ActivationPtr dy, ConstActivationPtr normalized,
                      const float* rstd, ConstActivationPtr skip) const {
  Tensor gradients(ops.pool(), {kind_ == NormKind::kLayer ? 2 : 1, width_});
  if (kind_ == NormKind::kLayer) {
    layer_norm_backward(ops, rows, width_, dy, normalized, gamma(), rstd, skip, gradients.f32(),
                        gradients.f32() + width_);
  } else {
    rms_norm_backward(ops, rows, width_, dy, normalized, gamma(), rstd, skip, gradients.f32());
  }
  return gradients;
}

void Norm::store(const Context& context, const Tensor& gradients) const {
  const float* from = gradients.f32();
  for (std::size_t index = gamma_; index <= gamma_ + (has_beta_ ? 1 : 0); ++index) {
    float* to = layer_.gradient(index);
    if (context.accumulate) {
      context.ops.simd().on_float32.add(to, from, width_);
    } else {
      std::memcpy(to, from, static_cast<std::size_t>(width_) * sizeof(float));
    }
    from += width_;
  }
}

}  // namespace pipetrain
