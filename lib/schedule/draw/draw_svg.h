// Timelines as an SVG picture: one panel each, stacked on one time axis (measured above predicted,
// say). It must not know whether a Timeline was simulated or measured.
#pragma once

#include <string>
#include <vector>

#include "schedule/timeline.h"

namespace pipetrain {

struct SvgPanel {
  std::string title;
  const Timeline* timeline;  // not owned
  std::string remark = {};   // a line below the title
};

// Colour tells F, I, W and B; the number, and a shade that cycles, tell the microbatch; a bar at an
// action's foot tells a rank's later stages. Lines across the ranks part warm-up, steady and
// cool-down. A step too long for one line of readable numbers is cut into several, below an
// overview. Error(kConfiguration) for so many actions that no viewer would open the file.
std::string draw_svg(const std::vector<SvgPanel>& panels, const std::string& time_unit = "");

}  // namespace pipetrain
