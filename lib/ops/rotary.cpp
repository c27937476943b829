#include "ops/rotary.h"

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "ops/parallel.h"

namespace pipetrain {

RotaryTable::RotaryTable(std::int64_t tokens, std::int64_t head_width, double theta)
    : tokens_(tokens), half_(head_width / 2), theta_(theta) {
  entries_.resize(static_cast<std::size_t>(tokens * 2 * half_));
  for (std::int64_t i = 0; i < half_; ++i) {
    const double frequency = std::pow(theta, -static_cast<double>(i) / static_cast<double>(half_));
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double angle = static_cast<double>(t) * frequency;
      const auto at = static_cast<std::size_t>(t * 2 * half_ + i);
      entries_[at] = static_cast<float>(std::cos(angle));
      entries_[at + static_cast<std::size_t>(half_)] = static_cast<float>(std::sin(angle));
    }
  }
}

void rotate(Ops& ops, const RotaryTable& table, Rotation rotation, std::int64_t rows,
            std::int64_t tokens, std::int64_t heads, std::int64_t stride, ActivationPtr x,
            std::int64_t first_token) {
  constexpr std::int64_t kGrainElements = 4096;
  const float direction = rotation == Rotation::kForward ? 1.0f : -1.0f;
  with_entries(x.dtype(), [&]<class T>() {
    parallel_ranges(rows, kGrainElements / stride, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const std::int64_t token = first_token + row % tokens;
        ops.simd().on<T>().rotate(x.as<T>() + row * stride, heads, table.half(),
                                  table.cosines(token), table.sines(token), direction);
      }
    });
  });
}

}  // namespace pipetrain
