#include "nn/norm.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "nn/tensor_names.h"
#include "ops/entrywise.h"

namespace pipetrain {

NormKind read_norm(LayerOptions& options) { return options.read(kNormOption); }

float read_epsilon(LayerOptions& options) {
  return static_cast<float>(options.read(kEpsilonOption));
}

Norm::Norm(Layer& layer, const std::string& name, std::int64_t width, NormKind kind, bool bias,
           float epsilon)
    : layer_(layer),
      gamma_(layer.parameters().size()),
      width_(width),
      kind_(kind),
      has_beta_(kind == NormKind::kLayer && bias),
      epsilon_(epsilon) {
  if (kind == NormKind::kNone) return;
  std::vector<Parameter>& parameters = layer.parameters();
  parameters.push_back({weight_of(name), {width}, {Initial::Kind::kConstant, 1.0f}});
  if (has_beta_) parameters.push_back({bias_of(name), {width}, {}});
}

void Norm::forward(Ops& ops, ConstMatrix x, Matrix normalized, float* rstd, Matrix y) const {
  switch (kind_) {
    case NormKind::kLayer: return layer_norm_forward(ops, scale(), x, normalized, rstd, y);
    case NormKind::kRms: return rms_norm_forward(ops, scale(), x, normalized, rstd, y);
    case NormKind::kNone: break;
  }
  if (normalized.data() != x.data()) copy(ops, x, normalized);
  copy(ops, x, y);
}

void Norm::replay(Ops& ops, ConstMatrix normalized, Matrix y) const {
  if (kind_ == NormKind::kNone) return copy(ops, normalized, y);
  norm_replay(ops, scale(), normalized, y);
}

Tensor Norm::backward(Ops& ops, Matrix dy, ConstMatrix normalized, const float* rstd,
                      ConstMatrix skip) const {
  if (kind_ == NormKind::kNone) {
    if (!skip.empty()) add(ops, dy, skip);
    return {};
  }
  const float* const gamma = layer_.value(gamma_);
  Tensor gradients(ops.pool(), {kind_ == NormKind::kLayer ? 2 : 1, width_});
  if (kind_ == NormKind::kLayer) {
    layer_norm_backward(ops, gamma, dy, normalized, rstd, skip, gradients.f32(),
                        gradients.f32() + width_);
  } else {
    rms_norm_backward(ops, gamma, dy, normalized, rstd, skip, gradients.f32());
  }
  return gradients;
}

void Norm::store(const Context& context, const Tensor& gradients) const {
  if (kind_ == NormKind::kNone) return;
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
