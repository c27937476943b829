// From what the same work took on each rank to how fast the places of a pipeline are. Pure; it must
// not know what was timed.
#pragma once

#include <vector>

namespace pipetrain {

// Times closer than this to the median are taken for it: on a busy machine ranks that are alike
// differ by as much for a moment, and should be cut alike in each run.
constexpr double kSameSpeed = 0.15;

// Empty if all are alike.
std::vector<double> settled_seconds(std::vector<double> seconds);

// Of each place, whose slowest rank counts: `places` says for each rank where it is. Costs are
// those of a rank that takes `own_seconds`. Empty if `seconds` is.
std::vector<double> place_speeds(const std::vector<double>& seconds, const std::vector<int>& places,
                                 double own_seconds);

}  // namespace pipetrain
