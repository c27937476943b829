// Timelines as text: a row per rank, time from left to right, cut into pieces as wide as the
// terminal. It must not know whether a Timeline was simulated or measured.
#pragma once

#include <string>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain {

struct TextStyle {
  int columns = 80;
  bool colour = false;    // ANSI escapes
  std::string time_unit;  // "s", say; nothing for the costs' own unit
};

// An action is its letter and microbatch, "F0"; of a rank's second stage "f0"; with three stages
// and more "8F0"; where that does not fit, the letter alone. A longer one is drawn out with dashes,
// idle time is dots. Ends with makespan, bubble, peak live microbatches, how many actions are too
// short for a column, and the legend. Error(kConfiguration) for a drawing that no one reads to its
// end.
std::string draw_text(const Timeline& timeline, const TextStyle& style = {});

struct TextPanel {
  std::string title;
  const Timeline* timeline;  // not owned
};

// Several on one time axis: each piece of the first above the same piece of the next.
std::string draw_text(const std::vector<TextPanel>& panels, const TextStyle& style = {});

}  // namespace pipetrain
