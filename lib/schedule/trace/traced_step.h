// One step of a run as a trace holds it: the actions of a Timeline, and what the ranks did beside
// them. It must not know files or the trace's format.
#pragma once

#include <string>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain {

// Work of a step that is no action of the schedule: "feed", "reduce", "update".
struct OtherWork {
  std::string name;
  double start = 0, end = 0;  // as a Span's
};

struct TracedStep {
  int step = 0;  // from 1
  Timeline timeline;
  std::vector<std::vector<OtherWork>> other_work = {};  // per rank
};

// Calls visit(start, end) for everything that any rank did.
template <class Step, class Visit>
void for_each_interval(Step& step, Visit&& visit) {
  for (auto& spans : step.timeline.ranks) {
    for (auto& span : spans) visit(span.start, span.end);
  }
  for (auto& works : step.other_work) {
    for (auto& work : works) visit(work.start, work.end);
  }
}

}  // namespace pipetrain
