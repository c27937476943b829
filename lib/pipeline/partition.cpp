#include "pipeline/partition.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <functional>
#include <limits>

#include "base/error.h"

namespace pipetrain {

Partition uniform_partition(int layers, int stages) {
  Partition first;
  for (int s = 0; s < stages; ++s)
    first.push_back(s * (layers / stages) + std::min(s, layers % stages));
  return first;
}

Partition balanced_partition(const std::vector<double>& layer_costs, int stages) {
  return balanced_partition(layer_costs, std::vector<double>(static_cast<std::size_t>(stages), 1));
}

std::vector<double> stage_speeds(const std::vector<double>& rank_speeds,
                                 const Placement& placement) {
  std::vector<double> speeds(static_cast<std::size_t>(placement.stage_count()), 1);
  for (std::size_t s = 0; s < speeds.size() && !rank_speeds.empty(); ++s) {
    speeds[s] = rank_speeds[static_cast<std::size_t>(placement.rank_of(static_cast<int>(s)))];
  }
  return speeds;
}

Partition balanced_partition(const std::vector<double>& layer_costs,
                             const std::vector<double>& stage_speeds) {
  struct Best {
    double value = std::numeric_limits<double>::infinity();
    int cut = 0;
  };
  const auto layers = layer_costs.size(), count = stage_speeds.size();
  assert(count >= 1 && count <= layers);
  std::vector<double> before(layers + 1, 0);  // cost of all layers before this one
  for (std::size_t i = 0; i < layers; ++i) before[i + 1] = before[i] + layer_costs[i];

  // best[s][n]: the first n layers in s stages, by join(value of the stages before, cost of this).
  const auto solve = [&](const auto& join) {
    std::vector<std::vector<Best>> best(count + 1, std::vector<Best>(layers + 1));
    best[0][0].value = 0;
    for (std::size_t s = 1; s <= count; ++s) {
      for (std::size_t n = s; n <= layers; ++n) {
        for (std::size_t cut = s - 1; cut < n; ++cut) {
          const double cost = (before[n] - before[cut]) / stage_speeds[s - 1];
          const double value = join(best[s - 1][cut].value, cost);
          if (value < best[s][n].value) best[s][n] = {value, static_cast<int>(cut)};
        }
      }
    }
    return best;
  };
  // Twice, since the first stages of the evenest cut need not be the ones whose slowest is fastest.
  const double slowest =
      solve([](double rest, double cost) { return std::max(rest, cost); })[count][layers].value;
  const auto best = solve([&](double rest, double cost) {
    return cost <= slowest ? rest + cost * cost : std::numeric_limits<double>::infinity();
  });
  Partition first(count);
  for (std::size_t s = count, n = layers; s > 0; --s) {
    first[s - 1] = best[s][n].cut;
    n = static_cast<std::size_t>(first[s - 1]);
  }
  return first;
}

std::vector<int> stage_of_layers(const Partition& partition, int layers) {
  std::vector<int> stage_of(static_cast<std::size_t>(layers));
  for (int layer = 0; layer < layers; ++layer) {
    const auto next = std::upper_bound(partition.begin(), partition.end(), layer);
    stage_of[static_cast<std::size_t>(layer)] = static_cast<int>(next - partition.begin()) - 1;
  }
  return stage_of;
}

double slowest_stage(const std::vector<double>& layer_costs, const Partition& partition,
                     const std::vector<double>& stage_speeds) {
  const std::vector<int> stage_of =
      stage_of_layers(partition, static_cast<int>(layer_costs.size()));
  std::vector<double> costs(partition.size());
  for (std::size_t i = 0; i < layer_costs.size(); ++i) {
    costs[static_cast<std::size_t>(stage_of[i])] += layer_costs[i];
  }
  for (std::size_t s = 0; s < stage_speeds.size(); ++s) costs[s] /= stage_speeds[s];
  return *std::max_element(costs.begin(), costs.end());
}

std::vector<StageCost> stage_costs(const std::vector<StageCost>& layer_costs,
                                   const Partition& partition) {
  const std::vector<int> stage_of =
      stage_of_layers(partition, static_cast<int>(layer_costs.size()));
  std::vector<StageCost> costs(partition.size());
  for (std::size_t i = 0; i < layer_costs.size(); ++i) {
    costs[static_cast<std::size_t>(stage_of[i])] += layer_costs[i];
  }
  return costs;
}

bool is_partition(const Partition& partition, int layers, int stages) {
  return static_cast<int>(partition.size()) == stages && partition.front() == 0 &&
         std::adjacent_find(partition.begin(), partition.end(), std::greater_equal<>()) ==
             partition.end() &&
         partition.back() < layers;
}

std::optional<std::string> why_no_partition(const PipelineConfig& config, int layers, int stages) {
  if (stages > layers) {
    return std::to_string(stages) + " stages, but the model has only " + std::to_string(layers) +
           " layers; use at most " + std::to_string(layers) + " stages (ranks x virtual stages)";
  }
  if (config.partition != PartitionRule::kList) return std::nullopt;
  const Partition& first = config.first_layers;
  if (static_cast<int>(first.size()) != stages) {
    return "pipeline.partition lists " + std::to_string(first.size()) + " stages, but there are " +
           std::to_string(stages) + " (ranks x virtual stages)";
  }
  if (!is_partition(first, layers, stages)) {
    return "pipeline.partition must begin with 0, ascend, and stay below the model's " +
           std::to_string(layers) + " layers";
  }
  return std::nullopt;
}

void check_partition(const PipelineConfig& config, int layers, int stages) {
  if (const auto reason = why_no_partition(config, layers, stages)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
}

}  // namespace pipetrain
