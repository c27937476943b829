// The rows of one Timeline in an SVG picture: its ranks over a window of time, with their actions
// and the edges of warm-up and cool-down. It must not know what stands around them.
#pragma once

#include <string>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain::svg {

struct TimeWindow {
  double from = 0, to = 1;  // time since the Timeline's first start
  double width = 0;         // in pixels, as all that follows
  double row_height = 22, row_pitch = 25;
  double number_width = 0;  // what a number needs to be shown; 0: none are
  int virtual_stages = 1;

  double x_of(double time) const { return (time - from) / (to - from) * width; }
  double height(const Timeline& timeline) const {
    return row_pitch * static_cast<double>(timeline.ranks.size());
  }
};

inline bool is_drawn(const Span& span) { return !span.waiting && is_compute(span.action.op); }

// With the window's upper left corner at the origin; what reaches beyond the window is cut off.
std::string rows_of(const Timeline& timeline, const TimeWindow& window);

struct Label {
  double x;  // its middle
  std::string text;
};

// "warm-up", "steady" and "cool-down" of the first rank, where the window has room for them.
std::vector<Label> phase_labels(const Timeline& timeline, const TimeWindow& window);

}  // namespace pipetrain::svg
