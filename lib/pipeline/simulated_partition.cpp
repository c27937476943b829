#include "pipeline/simulated_partition.h"

#include <algorithm>
#include <utility>

#include "schedule/simulate/network.h"

namespace pipetrain {
namespace {

std::vector<double> totals_of(const std::vector<StageCost>& layer_costs) {
  std::vector<double> totals;
  for (const StageCost& cost : layer_costs) totals.push_back(cost.total());
  return totals;
}

}  // namespace

std::vector<Partition> promising_partitions(const std::vector<StageCost>& layer_costs,
                                            const std::vector<Placement>& placements,
                                            const std::vector<double>& rank_speeds) {
  const std::vector<double> totals = totals_of(layer_costs);
  const int stages = placements.front().stage_count();
  std::vector<Partition> all;
  const auto add = [&](Partition partition) {
    if (std::ranges::find(all, partition) == all.end()) all.push_back(std::move(partition));
  };
  add(uniform_partition(static_cast<int>(layer_costs.size()), stages));
  add(balanced_partition(totals, stage_speeds(rank_speeds, placements.front())));
  for (const Placement& placement : placements) {
    if (placement.most_stages() == 1 || placement.rank_count() == 1) continue;
    add(rank_balanced_partition(totals, placement, rank_speeds));
  }
  return all;
}

std::size_t first_worthwhile(const std::vector<double>& seconds) {
  const double shortest = *std::ranges::min_element(seconds);
  const auto first = std::ranges::find_if(
      seconds, [&](double step) { return step * (1 - kWorthACut) <= shortest; });
  return static_cast<std::size_t>(first - seconds.begin());
}

double step_seconds(const std::vector<StageCost>& layer_costs, const Schedule& schedule,
                    const Partition& partition, const std::vector<double>& rank_speeds,
                    const PieceCost& piece) {
  const Costs costs{stage_costs(layer_costs, partition), 0, 0, network_of_speeds(rank_speeds),
                    std::vector<PieceCost>(schedule.ranks.size(), piece)};
  return simulate(schedule, costs).makespan();
}

Partition fastest_partition(const std::vector<StageCost>& layer_costs, const Schedule& schedule,
                            const std::vector<double>& rank_speeds, const PieceCost& piece) {
  constexpr double kMostSimulated = 3e6;  // simulated in all: about a second
  const std::vector<Partition> all =
      promising_partitions(layer_costs, {schedule.placement}, rank_speeds);
  std::vector<double> seconds;
  for (const Partition& cut : all) {
    seconds.push_back(step_seconds(layer_costs, schedule, cut, rank_speeds, piece));
  }
  const std::size_t first = first_worthwhile(seconds);
  Partition best = all[first];
  double shortest = seconds[first];
  double left = kMostSimulated;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t cut = 1; cut < best.size(); ++cut) {
      for (const int by : {-1, 1}) {
        Partition trial = best;
        trial[cut] += by;
        if (!is_partition(trial, static_cast<int>(layer_costs.size()), schedule.stage_count())) {
          continue;
        }
        left -= static_cast<double>(schedule.action_count());
        if (left < 0) return best;
        const double step = step_seconds(layer_costs, schedule, trial, rank_speeds, piece);
        if (step > shortest * (1 - kWorthACut)) continue;
        shortest = step;
        best = std::move(trial);
        moved = true;
      }
    }
  }
  return best;
}

}  // namespace pipetrain
