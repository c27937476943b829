#include "pipeline/provisional_run.h"

#include <utility>

namespace pipetrain {

ProvisionalRun::ProvisionalRun(std::vector<Action> actions, ProvisionalPart part, Engine& engine)
    : actions_(std::move(actions)), part_(std::move(part)), engine_(engine) {}

void ProvisionalRun::begin(const StepContext& step, Recorder& recorder) {
  recorder.begin(3 * actions_.size());
  engine_.begin(actions_, step);
  engine_.set_fed(Engine::Fed::kKept);
  engine_.run_part(actions_, 0, part_.end, step, recorder);
}

void ProvisionalRun::take_back(const StepContext& step) {
  engine_.take_back(part_.unposted, part_.unread, step);
  engine_.set_fed(Engine::Fed::kHeld);
}

void ProvisionalRun::again(const StepContext& step, Recorder& recorder) {
  recorder.begin(3 * actions_.size());
  engine_.begin(actions_, step);
  engine_.set_fed(Engine::Fed::kAgain);
  engine_.run_part(part_.again, 0, part_.again.size(), step, recorder);
}

void ProvisionalRun::finish(const StepContext& step, Recorder& recorder) {
  engine_.set_fed(Engine::Fed::kOnce);
  engine_.run_part(actions_, part_.end, actions_.size(), step, recorder);
  engine_.finish(step, recorder);
}

}  // namespace pipetrain
