#include "schedule/simulate/rank_speeds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pipetrain {

std::vector<double> settled_seconds(std::vector<double> seconds) {
  if (seconds.empty()) return {};
  std::vector<double> sorted = seconds;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::ranges::nth_element(sorted, middle);
  const double median = *middle;
  for (double& each : seconds) {
    if (std::abs(each - median) <= kSameSpeed * median) each = median;
  }
  const bool alike = std::ranges::all_of(seconds, [&](double each) { return each == median; });
  return alike ? std::vector<double>() : seconds;
}

std::vector<double> place_speeds(const std::vector<double>& seconds, const std::vector<int>& places,
                                 double own_seconds) {
  if (seconds.empty()) return {};
  std::vector<double> slowest(static_cast<std::size_t>(*std::ranges::max_element(places)) + 1);
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    double& place = slowest[static_cast<std::size_t>(places[rank])];
    place = std::max(place, seconds[rank]);
  }
  for (double& place : slowest) place = own_seconds / place;
  return slowest;
}

}  // namespace pipetrain
