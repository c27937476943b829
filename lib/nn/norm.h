// A layer norm or RMS norm inside a layer: its parameters, and the calls that a layer makes. It
// must not know what follows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/table.h"
#include "nn/layer.h"
#include "nn/layer_options.h"
#include "ops/normalization.h"

namespace pipetrain {

enum class NormKind : std::uint8_t { kLayer, kRms };

inline constexpr Choice<NormKind> kNorms[] = {
    {NormKind::kLayer, "layer_norm", "By mean and variance."},
    {NormKind::kRms, "rms_norm", "By the root of the mean square."},
};

// The options `norm` and `epsilon` of a layer that has one.
NormKind read_norm(LayerOptions& options);
float read_epsilon(LayerOptions& options);

class Norm {
 public:
  // Appends "<name>.weight" and, for a layer norm with bias, "<name>.bias" to the parameters of the
  // layer, which must outlive this.
  Norm(Layer& layer, const std::string& name, std::int64_t width, NormKind kind, bool bias,
       float epsilon);

  // x (rows, C) -> normalized, rstd (rows), y. `normalized` may be x.
  void forward(Ops& ops, std::int64_t rows, ConstActivationPtr x, ActivationPtr normalized,
               float* rstd, ActivationPtr y) const;
  // y again, for the weight gradient of what follows.
  void replay(Ops& ops, std::int64_t rows, ConstActivationPtr normalized, ActivationPtr y) const;
  // dy becomes dx [+ skip, the gradient of the residual path]. Returns the parameters' gradients.
  Tensor backward(Ops& ops, std::int64_t rows, ActivationPtr dy, ConstActivationPtr normalized,
                  const float* rstd, ConstActivationPtr skip) const;
  // Adds those to, or overwrites, the parameters' own.
  void store(const Context& context, const Tensor& gradients) const;

 private:
  const float* gamma() const { return layer_.value(gamma_); }
  const float* beta() const { return has_beta_ ? layer_.value(gamma_ + 1) : nullptr; }

  const Layer& layer_;
  std::size_t gamma_;  // beta is the next one
  std::int64_t width_;
  NormKind kind_;
  bool has_beta_;
  float epsilon_;
};

}  // namespace pipetrain
