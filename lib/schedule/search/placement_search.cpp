#include "schedule/search/placement_search.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/random.h"
#include "schedule/search/list_schedule.h"
#include "schedule/search/rank_orders.h"

namespace pipetrain::search {
namespace {

constexpr std::array kMemoryFactorsTried{0.9, 1.1};

std::size_t index_below(std::uint32_t word, std::size_t bound) { return word % bound; }

// The shortest step of a few list schedules.
double quick_makespan(const Problem& problem) {
  double least = std::numeric_limits<double>::infinity();
  OrderCost cost(problem);
  for (const double factor : kMemoryFactorsTried) {
    for (const bool gradients_first : {true, false}) {
      const Orders orders =
          list_schedule(problem, regular_rule(problem, ahead_filling_memory(problem, factor),
                                              gradients_first, 0, problem.ranks));
      if (!orders.empty()) least = std::min(least, cost.run(orders));
    }
  }
  return least;
}

// Two stages change their ranks, or one goes to another rank; a rank keeps one at least.
Placement changed(const Placement& placement, const RandomWords& words) {
  const auto stages = static_cast<std::size_t>(placement.stage_count());
  std::vector<int> rank_of = placement.ranks();
  const std::size_t a = index_below(words[0], stages), b = index_below(words[1], stages);
  if ((words[2] & 1) != 0) {
    std::swap(rank_of[a], rank_of[b]);
  } else if (placement.stages_of(rank_of[a]).size() > 1) {
    rank_of[a] =
        static_cast<int>(index_below(words[3], static_cast<std::size_t>(placement.rank_count())));
  }
  std::vector<std::vector<int>> made(static_cast<std::size_t>(placement.rank_count()));
  for (std::size_t stage = 0; stage < stages; ++stage) {
    made[static_cast<std::size_t>(rank_of[stage])].push_back(static_cast<int>(stage));
  }
  return Placement::of(made);
}

}  // namespace

std::vector<Placement> promising_placements(const std::vector<Placement>& starts, int microbatches,
                                            const Costs& costs, double live_microbatches,
                                            double effort) {
  std::vector<Placement> found = starts;
  const double listed = 2.0 * kMemoryFactorsTried.size() * 3 * starts.front().stage_count() *
                        microbatches * static_cast<double>(starts.size());
  const auto trials = static_cast<std::uint64_t>(effort / listed);
  for (std::size_t s = 0; s < starts.size(); ++s) {
    const auto makespan = [&](const Placement& placement) {
      return quick_makespan(Problem(placement, microbatches, costs, live_microbatches));
    };
    Placement best = starts[s];
    double least = makespan(best);
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
      Placement other = changed(best, philox(random_key(s, "placements"), trial));
      if (other == best || !has_room(other, live_microbatches)) continue;
      const double other_makespan = makespan(other);
      if (other_makespan >= least) continue;
      least = other_makespan;
      best = std::move(other);
    }
    if (std::ranges::find(found, best) == found.end()) found.push_back(std::move(best));
  }
  return found;
}

}  // namespace pipetrain::search
