// Runs steps whose first forwards go ahead on weights that may be taken back
// (schedule/provisional.h). It must not know weights, norms or who decides.
#pragma once

#include <vector>

#include "pipeline/engine.h"
#include "pipeline/recorder.h"
#include "schedule/provisional.h"

namespace pipetrain {

class ProvisionalRun {
 public:
  // `actions` are this rank's of one step, `part` its part of them; `engine` outlives it.
  ProvisionalRun(std::vector<Action> actions, ProvisionalPart part, Engine& engine);

  // The step's batch was expected and fed. What the engine has recorded stays until the next
  // begin().
  void begin(const StepContext& step, Recorder& recorder);
  // Forgets what begin() did, and what other ranks have sent for it. No rank may go on before all
  // have done so. Another step of the other parity may run in the engine then, before again().
  void take_back(const StepContext& step);
  void again(const StepContext& step, Recorder& recorder);
  // All that comes behind begin() or again().
  void finish(const StepContext& step, Recorder& recorder);

 private:
  std::vector<Action> actions_;
  ProvisionalPart part_;
  Engine& engine_;
};

}  // namespace pipetrain
