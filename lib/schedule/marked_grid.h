// A piece of a schedule as a grid with one action marked, for error messages. It must not know what
// is wrong with the action.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

constexpr std::size_t kMissing = static_cast<std::size_t>(-1);  // an action that is not there

// The actions around the wrong one, a row for each rank, the wrong one between > and <; kMissing
// marks the end of the rank's row.
std::string marked_grid(const std::vector<std::vector<Action>>& ranks, int wrong_rank,
                        std::size_t wrong_position);

}  // namespace pipetrain
