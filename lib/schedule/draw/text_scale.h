// How wide a text drawing is: what an action is called in it, and how many columns a unit of time
// has. It must not know rows or colours.
#pragma once

#include <cstddef>
#include <string>

#include "schedule/simulate/figures.h"
#include "schedule/timeline.h"

namespace pipetrain {

bool is_drawn(const Span& span);  // computing, not a wait or a message

// "F0"; of a rank's second stage "f0"; with three stages and more "8F0".
std::string label_of(const Action& action, int rank, const StagePlaces& places);

// Columns of the longest label, with a space behind it where labels begin with digits.
std::size_t label_width_of(const Timeline& timeline);

// Columns per unit of time at which actions hold a label of that width: those of the shortest kind
// (an op of a stage), unless that is much shorter than most, or the drawing would have more columns
// than anyone reads. 1 if nothing takes time.
double columns_per_time(const Timeline& timeline, std::size_t label_width);

}  // namespace pipetrain
