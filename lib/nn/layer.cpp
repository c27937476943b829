#include "nn/layer.h"

namespace pipetrain {

std::optional<std::string> Layer::unless_float32(const Precision& precision) const {
  if (precision.activations == DType::kFloat32) return std::nullopt;
  return "train.precision: " + name_ + " computes in float32 only, not in " +
         name_of(precision.activations) + "; set train.precision to float32";
}

}  // namespace pipetrain
