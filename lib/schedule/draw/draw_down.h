// A Timeline as text with time running down, as textbooks have it: a line T0, T1, ... for each time
// at which something begins or ends, and a column for each rank. It must not know whether a
// Timeline was simulated or measured.
#pragma once

#include <string>

#include "schedule/timeline.h"

namespace pipetrain {

// An action is named as in draw_text.h where it begins; below it `|` says that it goes on, and `.`
// that the rank waits. Ends with makespan and bubble. Error(kConfiguration) for a drawing that no
// one reads to its end.
std::string draw_down(const Timeline& timeline, const std::string& time_unit = "");

}  // namespace pipetrain
