#include "emulate/step_keeper.h"

#include <string>
#include <utility>

#include "schedule/trace/step_text.h"

namespace pipetrain {
namespace {

std::vector<Span> shifted(std::vector<Span> spans, double seconds, int microbatches = 0) {
  for (Span& span : spans) {
    span.action.microbatch += microbatches;
    span.start += seconds;
    span.end += seconds;
  }
  return spans;
}

}  // namespace

void StepKeeper::keep(const Recorder& recorder, double at) {
  steps_.push_back(shifted(recorder.spans(), at));
}

void StepKeeper::add(const Recorder& recorder, double at, int first) {
  if (steps_.empty()) steps_.emplace_back();
  const std::vector<Span> more = shifted(recorder.spans(), at, first);
  steps_.back().insert(steps_.back().end(), more.begin(), more.end());
}

std::vector<TracedStep> StepKeeper::gathered(Collective& collective, double delay) const {
  std::vector<TracedStep> gathered;
  int number = 0;
  for (const std::vector<Span>& spans : steps_) {
    const std::vector<std::string> all =
        collective.all_gather_text(rank_text(shifted(spans, delay), {}));
    ++number;
    if (collective.rank() == 0) gathered.push_back(step_of_texts(number, all));
  }
  return gathered;
}

}  // namespace pipetrain
