// What happened, or would happen, when: spans of one step on each rank. Simulator and real run both
// produce this type.
#pragma once

#include <cstdint>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// One action, or a wait for what it needs, in seconds (or in the costs' unit) from the start of the
// step.
struct Span {
  Action action;
  bool waiting = false;  // the rank had nothing to run: it waited for what `action` needs
  double start = 0, end = 0;
  double cpu = 0;          // processor time within the span; 0 in a simulation
  std::int64_t bytes = 0;  // in tensors when it ended; 0 in a simulation
};

struct Timeline {
  std::vector<std::vector<Span>> ranks;        // in order of start
  std::vector<double> peak_live_microbatches;  // per rank, in shares of a whole rank: each of its v
                                               // stages counts 1/v

  double makespan() const;         // last end minus first start over all ranks
  double busy(int rank) const;     // sum of its computing spans (not waits, not messages)
  double bubble_fraction() const;  // 1 - sum of busy / (ranks x makespan)
};

// Of each microbatch: one more than the highest slice that has a span.
int slice_count(const Timeline& timeline);

}  // namespace pipetrain
