#include "nn/parameter.h"

#include <algorithm>

#include "base/random.h"

namespace pipetrain {

namespace {

// Uniform from -1 to below 1.
float symmetric_at(std::uint64_t key, std::uint64_t index) {
  return 2.0f * uniform_from(philox(key, index / 4)[index % 4]) - 1.0f;
}

}  // namespace

void initialize(const Parameter& parameter, std::uint64_t seed, std::span<float> values,
                std::int64_t first) {
  if (parameter.initial.kind == Initial::Kind::kConstant) {
    std::fill(values.begin(), values.end(), parameter.initial.scale);
    return;
  }
  const bool normal = parameter.initial.kind == Initial::Kind::kNormal;
  const std::uint64_t key = random_key(seed, parameter.name);
  const std::int64_t whole_columns = parameter.whole.elements() / parameter.whole[0];
  for (const SliceBox& box : boxes_of(parameter.slicing, parameter.whole, first,
                                      static_cast<std::int64_t>(values.size()))) {
    float* to = values.data() + box.at - first;
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < box.elements(); ++i) {
      const std::int64_t row = box.row + i / box.columns, column = box.column + i % box.columns;
      const auto index = static_cast<std::uint64_t>(row * whole_columns + column);
      to[i] = parameter.initial.scale * (normal ? normal_at(key, index) : symmetric_at(key, index));
    }
  }
}

}  // namespace pipetrain
