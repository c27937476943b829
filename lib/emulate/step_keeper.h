// What this rank did in the measured steps of an emulation, kept for a trace. It must not know how
// the steps were run.
#pragma once

#include <vector>

#include "comm/collective.h"
#include "pipeline/recorder.h"
#include "schedule/trace/traced_step.h"

namespace pipetrain {

class StepKeeper {
 public:
  // The step that the recorder has; it began `at` seconds after the first one.
  void keep(const Recorder& recorder, double at);

  // More of the same step, whose microbatch m is then `first` + m. Many steps in a row are one.
  void add(const Recorder& recorder, double at, int first);

  // Collective; on rank 0 the steps, numbered from 1, elsewhere none. `delay`: of all of this
  // rank's behind what others did, by the clock of its host.
  std::vector<TracedStep> gathered(Collective& collective, double delay = 0) const;

 private:
  std::vector<std::vector<Span>> steps_;
};

}  // namespace pipetrain
