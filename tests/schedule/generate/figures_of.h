// What papers say of a schedule: its length and its memory where a rank's whole F, I and W take one
// unit of time each, or other times, and a B is one action.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct FiguresOf {
  double makespan, bubble;   // the bubble as a time: makespan less a rank's work
  std::vector<double> live;  // most microbatches, per rank

  FiguresOf(const std::string& name, const ScheduleSizes& sizes, StageCost share = {1, 1, 1}) {
    const Schedule schedule = generate(name, sizes.ranks, sizes.virtual_stages, sizes.microbatches);
    const Timeline timeline = simulate(
        schedule, equal_costs(schedule, share.forward, share.backward_input, share.backward_weight),
        BackwardSends::kAfterBackward);
    makespan = timeline.makespan();
    bubble = makespan - sizes.microbatches * share.total();
    live = timeline.peak_live_microbatches;
  }
  double most_live() const { return *std::max_element(live.begin(), live.end()); }
};

// Every size up to 9 ranks, 3 stages each and 3 p + 3 microbatches that the schedule allows.
template <class Visit>
void for_each_size(const std::string& name, const Visit& visit) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int v = 1; v <= 3; ++v) {
      for (int m = 1; m <= 3 * ranks + 3; ++m) {
        if (why_not(name, ranks, v, m)) continue;
        CAPTURE(ranks, v, m);
        visit(ScheduleSizes{ranks, v, m});
      }
    }
  }
}

// expected(sizes, rank): microbatches of one stage, if there are so many.
template <class Expected>
void check_live(const std::string& name, const Expected& expected) {
  for_each_size(name, [&](const ScheduleSizes& sizes) {
    const std::vector<double> live = FiguresOf(name, sizes).live;
    for (int rank = 0; rank < sizes.ranks; ++rank) {
      CAPTURE(rank);
      CHECK(live[static_cast<std::size_t>(rank)] * sizes.virtual_stages ==
            Approx(std::min(expected(sizes, rank), sizes.microbatches * sizes.virtual_stages)));
    }
  });
}

// expected(sizes): where there are enough microbatches, in rounds of as many as there are ranks.
template <class Expected>
void check_bubble(const std::string& name, const Expected& expected) {
  for_each_size(name, [&](const ScheduleSizes& sizes) {
    if (sizes.microbatches < 2 * sizes.ranks || sizes.microbatches % sizes.ranks != 0) return;
    CHECK(FiguresOf(name, sizes).bubble == Approx(expected(sizes)).margin(1e-9));
  });
}

}  // namespace pipetrain
