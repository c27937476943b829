// A measured step beside the one that the simulator predicts from it: which schedule ran, what its
// actions cost, how long messages took. It must not know how a step was measured or is drawn.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule/simulate/simulate.h"
#include "schedule/trace/traced_step.h"

namespace pipetrain {

// The step of that number; else the one of median duration. Error(kConfiguration) lists the steps
// if there is none of that number.
const TracedStep& choose_step(const std::vector<TracedStep>& steps, std::optional<int> number);

// From the first start to the last end of anything on any rank.
double duration_of(const TracedStep& step);

// The same step, its first action beginning at 0, in other units of time.
TracedStep in_units(const TracedStep& step, double seconds_per_unit);

// The compute actions that ran (but Rs, which follow from the costs), checked to be a schedule.
// Error(kData), beginning with `name`.
Schedule schedule_of(const Timeline& timeline, const std::string& name);

// Each stage's mean over its microbatches; messages are free. Weights take as long to gather as
// their first use waited for them.
Costs mean_costs(const Timeline& timeline, const Schedule& schedule);

// The median time from the end of a result to the end of a wait for it on another rank; 0 if no
// rank waited.
double median_message(const Timeline& timeline, const Schedule& schedule);

// Both on one time axis.
struct StepComparison {
  std::string time_unit;  // "ms", or "s" for a step of a second or more
  TracedStep measured;
  // The schedule that ran, simulated with its mean costs; of replicas each runs the first one's.
  Timeline predicted;
  double message = 0;  // as median_message(), of the first replica

  // What the picture does not say: the whole step and what is in it beside the actions; and what
  // the prediction rests on.
  std::string measured_note() const;
  std::string predicted_note() const;
};

// Error(kData), beginning with `name`, if what ran is no schedule.
StepComparison compare(const TracedStep& step, const std::string& name);

}  // namespace pipetrain
