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

enum class NormKind : std::uint8_t { kLayer, kRms, kNone };

inline constexpr Choice<NormKind> kNorms[] = {
    {NormKind::kLayer, "layer_norm", "By mean and variance."},
    {NormKind::kRms, "rms_norm", "By the root of the mean square."},
    {NormKind::kNone, "none", "Nothing; a norm may follow the layer as one of its own."},
};

// Options of a layer that has one.
inline constexpr ChoiceOption<NormKind> kNormOption{
    "norm", "What stands before the rest of the layer.", kNorms, NormKind::kLayer};
inline constexpr NumberOption kEpsilonOption{"epsilon",
                                             "Added to the norm's variance, or mean square.", 1e-5};
NormKind read_norm(LayerOptions& options);
float read_epsilon(LayerOptions& options);

class Norm {
 public:
  // Appends "<name>.weight" and, for a layer norm with bias, "<name>.bias" to the parameters of the
  // layer, which must outlive this. Of kind kNone it has no parameters, and y is x.
  Norm(Layer& layer, const std::string& name, std::int64_t width, NormKind kind, bool bias,
       float epsilon);

  // x (rows, C) -> normalized, rstd (rows), y. `normalized` may be x. Without a norm rstd is not
  // written.
  void forward(Ops& ops, ConstMatrix x, Matrix normalized, float* rstd, Matrix y) const;
  // y again, for the weight gradient of what follows.
  void replay(Ops& ops, ConstMatrix normalized, Matrix y) const;
  // dy becomes dx [+ skip, the gradient of the residual path]. Returns the parameters' gradients,
  // which are empty without a norm.
  Tensor backward(Ops& ops, Matrix dy, ConstMatrix normalized, const float* rstd,
                  ConstMatrix skip) const;
  // Adds those to, or overwrites, the parameters' own.
  void store(const Context& context, const Tensor& gradients) const;

 private:
  NormScale scale() const {
    return {layer_.value(gamma_), has_beta_ ? layer_.value(gamma_ + 1) : nullptr, epsilon_};
  }

  const Layer& layer_;
  std::size_t gamma_;  // beta is the next one
  std::int64_t width_;
  NormKind kind_;
  bool has_beta_;
  float epsilon_;
};

}  // namespace pipetrain
