// A small trace of two steps.
#pragma once

#include <string>

#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"
#include "schedule/trace/chrome_trace.h"

namespace pipetrain {

// Two steps of 1F1B, the second from second 100 on, with other work on rank 0.
inline ChromeTrace example_trace(const std::string& name = "1f1b", int virtual_stages = 1) {
  const Schedule schedule = generate(name, 2, virtual_stages, 4);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1.25, 0.5, 0.125));
  Timeline later = timeline;
  for (auto& spans : later.ranks) {
    for (Span& span : spans) {
      span.start += 100;
      span.end += 100;
      span.cpu = 0.25;
    }
  }
  ChromeTrace trace("pipetrain");
  trace.add({7, timeline, {}});
  trace.add({8, later, {{{"feed", 99.5, 100}, {"update", 150, 151.5}}, {}}});
  return trace;
}

}  // namespace pipetrain
