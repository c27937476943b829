// Which rank is what, and on which host, for the log. Text only; it must not know where it is
// printed.
#pragma once

#include <string>
#include <vector>

#include "comm/grid.h"
#include "setup/world.h"

namespace pipetrain {

// One line for a plain pipeline, in which rank r has place r. Else the grid's sizes, then a line
// for each replica; of many only the first and the last ones.
std::vector<std::string> grid_lines(const Grid& grid, const World& world);

// What is wrong with ranks that share layers but no host; empty: nothing.
std::string split_tensor_groups(const Grid& grid, const World& world);

}  // namespace pipetrain
