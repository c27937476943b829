#include "pipeline/overlapped_run.h"

#include <cstddef>
#include <utility>

namespace pipetrain {

OverlappedRun::OverlappedRun(std::vector<Action> actions, std::vector<OverlapPart> parts,
                             const std::vector<Engine*>& engines, Close close)
    : actions_(std::move(actions)),
      parts_(std::move(parts)),
      engines_(engines),
      close_(std::move(close)) {
  for (Engine* engine : engines_) engine->count_with(*engines_.front());
}

void OverlappedRun::run_previous(const OverlapPart& part, Recorder& recorder) {
  if (!previous_) return;
  Engine& engine = engine_of(*previous_);
  if (part.is_mark()) {
    close_(*previous_, engine);
  } else {
    recorder.number_from(0);
    engine.run_part(actions_, part.first, part.end, *previous_, recorder);
  }
}

void OverlappedRun::run(const StepContext& step, Recorder& recorder) {
  recorder.begin(6 * actions_.size());
  Engine& engine = engine_of(step);
  engine.begin(actions_, step);
  for (const OverlapPart& part : parts_) {
    if (part.previous) {
      run_previous(part, recorder);
    } else {
      recorder.number_from(step.microbatches);
      engine.run_part(actions_, part.first, part.end, step, recorder);
    }
  }
  previous_ = step;
}

void OverlappedRun::finish(Recorder& recorder) {
  recorder.begin(3 * actions_.size());
  for (const OverlapPart& part : parts_) {
    if (part.previous) run_previous(part, recorder);
  }
  previous_.reset();
}

}  // namespace pipetrain
