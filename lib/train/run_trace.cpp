#include "train/run_trace.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "comm/clock_offsets.h"
#include "schedule/lower.h"
#include "schedule/trace/chrome_trace.h"
#include "schedule/trace/step_text.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kFirstStep = 3, kMostSteps = 10;
constexpr std::int64_t kMostEvents = 600'000;  // of all ranks; about 80 MB
// A wait for what is there already takes about a microsecond: looking.
constexpr double kShortestWaitSeconds = 10e-6;

void write_trace(const std::string& path, const std::string& text) {
  if (write_renamed(path, text)) return;
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path) +
                                            "; free some space, or choose another train.output");
}

}  // namespace

TracedRange traced_range(const Schedule& schedule, int replicas, std::int64_t steps) {
  // An action and at most one long wait for it, two counters, and the two ends of a message.
  constexpr std::int64_t kEventsOfAction = 6;
  const auto actions = static_cast<std::int64_t>(split_backward(schedule).action_count());
  const std::int64_t events = kEventsOfAction * actions * replicas;
  const std::int64_t count = std::clamp(kMostEvents / events, std::int64_t{1}, kMostSteps);
  const std::int64_t first = std::min(kFirstStep, steps);
  return {first, std::min(first + count - 1, steps)};
}

RunTrace::RunTrace(std::string path, std::string title, TracedRange range, const World& world,
                   Collective& collective)
    : path_(std::move(path)),
      title_(std::move(title)),
      range_(range),
      collective_(collective),
      clock_offset_(clock_offsets(world.places[static_cast<std::size_t>(world.rank)].host,
                                  collective, wall_seconds)[static_cast<std::size_t>(world.rank)]) {
}

void RunTrace::keep(std::int64_t step, const Recorder& recorder,
                    const std::vector<OtherWork>& before) {
  Kept kept{static_cast<int>(step), {}, before};
  const double origin = recorder.origin();
  for (OtherWork& work : kept.other_work) {
    work.start -= clock_offset_;
    work.end -= clock_offset_;
  }
  for (OtherWork work : recorder.other_work()) {
    work.start += origin - clock_offset_;
    work.end += origin - clock_offset_;
    kept.other_work.push_back(std::move(work));
  }
  for (Span span : recorder.spans()) {
    if (span.waiting && span.end - span.start < kShortestWaitSeconds) continue;
    span.start += origin - clock_offset_;
    span.end += origin - clock_offset_;
    kept.spans.push_back(span);
  }
  kept_.push_back(std::move(kept));
}

void RunTrace::write() const {
  ChromeTrace trace(title_);
  double begin = 0;
  for (const Kept& kept : kept_) {
    const std::vector<std::string> parts =
        collective_.all_gather_text(rank_text(kept.spans, kept.other_work));
    if (collective_.rank() != 0) continue;
    TracedStep step = step_of_texts(kept.step, parts);
    if (&kept == &kept_.front()) begin = earliest(step);
    shift(step, -begin);
    trace.add(step);
  }
  if (collective_.rank() == 0 && !path_.empty()) write_trace(path_, trace.text());
}

}  // namespace pipetrain
