// The curves of the learning rate behind the warm-up, one row each. It must not know the formula of
// a curve: its own file does.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "optim/optimizer_config.h"

namespace pipetrain {

// A step of the decay, from the end of the warm-up on.
struct CurvePoint {
  double peak, lowest;       // learning rates, at the first step and behind the last one
  std::int64_t step, steps;  // 0 <= step < steps, if the curve decays

  double progress() const { return static_cast<double>(step) / static_cast<double>(steps); }
  // `share` of the way from the lowest to the peak.
  double at(double share) const { return lowest + share * (peak - lowest); }
};
using LearningCurve = double(const CurvePoint& point);

struct LearningCurveKind {
  std::string_view name;
  const char* description;
  bool decays;  // it ends at min_learning_rate, and its shape depends on when
  LearningCurve* rate;
};

std::span<const LearningCurveKind> learning_curves();

// Of the configured type.
const LearningCurveKind& learning_curve_of(const LearningRateConfig& config);

}  // namespace pipetrain
