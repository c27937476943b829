#include "nn/parameter.h"

#include <algorithm>

#include "base/random.h"

namespace pipetrain {

void initialize(const Parameter& parameter, std::uint64_t seed, std::span<float> values) {
  if (parameter.initial.kind == Initial::Kind::kConstant) {
    std::fill(values.begin(), values.end(), parameter.initial.scale);
    return;
  }
  const std::uint64_t key = random_key(seed, parameter.name);
  const auto count = static_cast<std::int64_t>(values.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] =
        parameter.initial.scale * normal_at(key, static_cast<std::uint64_t>(i));
  }
}

}  // namespace pipetrain
