// Runs steps that overlap (schedule/simulate/overlap.h) on two engines of a rank that take turns:
// while one step ends, the next one begins. It must not know weights, norms or where batches come
// from.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "pipeline/engine.h"
#include "pipeline/recorder.h"
#include "schedule/simulate/overlap.h"

namespace pipetrain {

class OverlappedRun {
 public:
  // A step is over on this rank, and by the plan on all others: what the ranks sum up then is to be
  // started here, and waited for before the step after the next.
  using Close = std::function<void(const StepContext& step, Engine& engine)>;

  // `actions` are this rank's of one step, `parts` its parts of the overlap. Step t runs on engine
  // t % 2.
  OverlappedRun(std::vector<Action> actions, std::vector<OverlapPart> parts,
                const std::vector<Engine*>& engines, Close close);

  // From this step's first action up to the first of the next; the steps come in order, and the one
  // two before it is over. Microbatch m is recorded as M + m, that of the step before as m.
  void run(const StepContext& step, Recorder& recorder);
  // The rest of the last step. Then nothing is under way.
  void finish(Recorder& recorder);

 private:
  Engine& engine_of(const StepContext& step) {
    return *engines_[static_cast<std::size_t>(step.step) % engines_.size()];
  }
  void run_previous(const OverlapPart& part, Recorder& recorder);

  std::vector<Action> actions_;
  std::vector<OverlapPart> parts_;
  std::vector<Engine*> engines_;
  Close close_;
  std::optional<StepContext> previous_;  // if it is under way
};

}  // namespace pipetrain
