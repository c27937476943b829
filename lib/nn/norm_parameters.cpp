#include "nn/norm_parameters.h"

#include <cstring>

namespace pipetrain {

void store_norm_gradients(const Context& context, const Tensor& gradients, float* dgamma,
                          float* dbeta) {
  const std::int64_t width = gradients.shape()[1];
  const float* from = gradients.f32();
  for (float* to : {dgamma, dbeta}) {
    if (context.accumulate) {
      context.ops.simd().add(to, from, width);
    } else {
      std::memcpy(to, from, static_cast<std::size_t>(width) * sizeof(float));
    }
    from += width;
  }
}

}  // namespace pipetrain
