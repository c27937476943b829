#include "nn/layer.h"

#include "base/error.h"

namespace pipetrain {

void Layer::require_float32(const Precision& precision) const {
  if (precision.activations == DType::kFloat32) return;
  throw Error(ExitCode::kConfiguration,
              "train.precision: " + name_ + " computes in float32 only, not in " +
                  name_of(precision.activations) + "; set train.precision to float32");
}

}  // namespace pipetrain
