#include "optim/learning_rate.h"

#include <cmath>
#include <numbers>

namespace pipetrain {

double learning_rate_at(const OptimizerConfig& config, std::int64_t step,
                        std::int64_t total_steps) {
  const LearningRateConfig& schedule = config.schedule;
  const double peak = config.learning_rate;
  if (step < schedule.warmup_steps) {
    return peak * static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps + 1);
  }
  if (schedule.type == "constant") return peak;
  const std::int64_t end = schedule.decay_steps > 0 ? schedule.decay_steps : total_steps;
  if (step >= end) return schedule.min_learning_rate;
  const double progress = static_cast<double>(step - schedule.warmup_steps) /
                          static_cast<double>(end - schedule.warmup_steps);
  const double remaining = schedule.type == "linear"
                               ? 1.0 - progress
                               : 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return schedule.min_learning_rate + remaining * (peak - schedule.min_learning_rate);
}

}  // namespace pipetrain
