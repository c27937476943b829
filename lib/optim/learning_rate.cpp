#include "optim/learning_rate.h"

#include "optim/learning_curves.h"

namespace pipetrain {

double learning_rate_at(const OptimizerConfig& config, std::int64_t step,
                        std::int64_t total_steps) {
  const LearningRateConfig& schedule = config.schedule;
  const double peak = config.learning_rate;
  if (step < schedule.warmup_steps) {
    return peak * static_cast<double>(step + 1) / static_cast<double>(schedule.warmup_steps + 1);
  }
  const LearningCurveKind& curve = learning_curve_of(schedule);
  const std::int64_t end = schedule.decay_steps > 0 ? schedule.decay_steps : total_steps;
  if (curve.decays && step >= end) return schedule.min_learning_rate;
  return curve.rate({peak, schedule.min_learning_rate, step - schedule.warmup_steps,
                     end - schedule.warmup_steps});
}

}  // namespace pipetrain
