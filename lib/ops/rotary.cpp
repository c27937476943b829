#include "ops/rotary.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "ops/row_loops.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

double scaled(double frequency, const RotaryScaling& by) {
  if (by.stretch == RotaryStretch::kNone) return frequency;
  if (by.stretch == RotaryStretch::kLinear) return frequency / by.factor;
  const double turns = by.context * frequency / (2 * std::numbers::pi);
  const double kept = std::clamp((turns - by.low) / (by.high - by.low), 0.0, 1.0);
  return frequency * (kept + (1 - kept) / by.factor);
}

}  // namespace

RotaryTable::RotaryTable(const RotaryAngles& angles) : angles_(angles) {
  const std::int64_t tokens = angles.tokens, half = this->half();
  entries_.resize(static_cast<std::size_t>(tokens * 2 * half));
  for (std::int64_t i = 0; i < half; ++i) {
    const double frequency =
        scaled(std::pow(angles.theta, -static_cast<double>(i) / static_cast<double>(half)),
               angles.scaling);
    for (std::int64_t t = 0; t < tokens; ++t) {
      const double angle = static_cast<double>(t) * frequency;
      const auto at = static_cast<std::size_t>(t * 2 * half + i);
      entries_[at] = static_cast<float>(std::cos(angle));
      entries_[at + static_cast<std::size_t>(half)] = static_cast<float>(std::sin(angle));
    }
  }
}

void rotate(Ops& ops, const RotaryTable& table, Rotation rotation, const TurnedHeads& turned,
            Matrix x) {
  const WorkScope scope(ops, [&] { return vector_work("rotary", 3, {x, x}); });
  const float direction = rotation == Rotation::kForward ? 1.0f : -1.0f;
  for_rows(ops, x, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    const std::int64_t start = turned.document_starts == nullptr ? 0 : turned.document_starts[row];
    const std::int64_t token = turned.first_token + row % turned.tokens - start;
    simd.rotate(x.row<T>(row), {turned.heads, table.half(), turned.head_width},
                table.cosines(token), table.sines(token), direction);
  });
}

}  // namespace pipetrain
