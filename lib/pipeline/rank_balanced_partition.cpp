#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "pipeline/partition.h"

namespace pipetrain {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kRounding = 1e-12;  // relative, of sums in another order

std::vector<double> running_sums(const std::vector<double>& costs) {
  std::vector<double> before(costs.size() + 1, 0);
  std::partial_sum(costs.begin(), costs.end(), before.begin() + 1);
  return before;
}

// A V: rank r has the r-th stage from below and the r-th from above, so the ranks fill the list of
// layers from its ends inwards.
class VPartition {
 public:
  VPartition(const std::vector<double>& costs, std::vector<double> rank_speeds)
      : before_(running_sums(costs)),
        layers_(static_cast<int>(costs.size())),
        ranks_(static_cast<int>(rank_speeds.size())),
        speeds_(std::move(rank_speeds)) {}

  Partition solve(double upper_bound) {
    const double slowest = run(upper_bound, [](double rest, double low, double high) {
      return std::max(rest, low + high);
    });
    // Again, since the first ranks of the evenest cut need not be those whose slowest is fastest.
    run(slowest,
        [](double rest, double low, double high) { return rest + low * low + high * high; });
    return walk_back();
  }

 private:
  // Ranks before this one have the first `below` layers and the last `above` ones.
  struct State {
    double value = kInfinite;
    int low = 0, high = 0;  // layers that the rank before took
  };
  State& state(int rank, int below, int above) {
    const auto side = static_cast<std::size_t>(layers_ + 1);
    return states_[(static_cast<std::size_t>(rank) * side + static_cast<std::size_t>(below)) *
                       side +
                   static_cast<std::size_t>(above)];
  }
  double cost_between(int first, int end, int rank) const {
    return (before_[static_cast<std::size_t>(end)] - before_[static_cast<std::size_t>(first)]) /
           speeds_[static_cast<std::size_t>(rank)];
  }

  // Fills the table by join(value of the ranks before, cost of the rank's lower and upper stage),
  // no rank slower than `limit`. The value of the best whole cut.
  template <class Join>
  double run(double limit, const Join& join) {
    limit *= 1 + kRounding;
    const auto side = static_cast<std::size_t>(layers_ + 1);
    states_.assign(static_cast<std::size_t>(ranks_ + 1) * side * side, {});
    state(0, 0, 0).value = 0;
    best_ = {};
    for (int rank = 0; rank < ranks_; ++rank) {
      const int kept = 2 * (ranks_ - 1 - rank);  // at least one layer for each stage inside
      for (int below = rank; below <= layers_; ++below) {
        for (int above = rank; below + above + 2 + kept <= layers_; ++above) {
          if (state(rank, below, above).value < kInfinite) {
            extend(rank, below, above, kept, limit, join);
          }
        }
      }
    }
    return best_.value;
  }

  template <class Join>
  void extend(int rank, int below, int above, int kept, double limit, const Join& join) {
    const double rest = state(rank, below, above).value;
    const int room = layers_ - below - above - kept;
    for (int low = 1; low < room; ++low) {
      const double low_cost = cost_between(below, below + low, rank);
      if (low_cost > limit) break;
      // The innermost rank takes all that is left.
      for (int high = kept == 0 ? room - low : 1; low + high <= room; ++high) {
        const double high_cost = cost_between(layers_ - above - high, layers_ - above, rank);
        if (low_cost + high_cost > limit) break;
        const double value = join(rest, low_cost, high_cost);
        State& next = state(rank + 1, below + low, above + high);
        if (value < next.value) next = {value, low, high};
        if (kept == 0 && value < best_.value) best_ = {value, below + low, above + high};
      }
    }
  }

  Partition walk_back() {
    Partition first(static_cast<std::size_t>(2 * ranks_));
    int below = best_.below, above = best_.above;
    for (int rank = ranks_ - 1; rank >= 0; --rank) {
      const State& taken = state(rank + 1, below, above);
      below -= taken.low;
      first[static_cast<std::size_t>(rank)] = below;
      first[static_cast<std::size_t>(2 * ranks_ - 1 - rank)] = layers_ - above;
      above -= taken.high;
    }
    return first;
  }

  struct Best {
    double value = kInfinite;
    int below = 0, above = 0;
  };
  std::vector<double> before_;
  int layers_, ranks_;
  std::vector<double> speeds_;  // of each rank
  std::vector<State> states_;
  Best best_;
};

// Slowest rank, then how uneven ranks and stages are.
using Goodness = std::tuple<double, double, double>;

// `speeds` of the stages.
Goodness goodness(const std::vector<double>& before, const Partition& first,
                  const Placement& placement, const std::vector<double>& speeds) {
  const int stages = static_cast<int>(first.size());
  std::vector<double> loads(static_cast<std::size_t>(placement.rank_count()));
  double squares = 0;
  for (int s = 0; s < stages; ++s) {
    const auto begin = static_cast<std::size_t>(first[static_cast<std::size_t>(s)]);
    const auto end = s + 1 < stages
                         ? static_cast<std::size_t>(first[static_cast<std::size_t>(s) + 1])
                         : before.size() - 1;
    const double cost = (before[end] - before[begin]) / speeds[static_cast<std::size_t>(s)];
    loads[static_cast<std::size_t>(placement.rank_of(s))] += cost;
    squares += cost * cost;
  }
  return {*std::max_element(loads.begin(), loads.end()),
          std::inner_product(loads.begin(), loads.end(), loads.begin(), 0.0), squares};
}

// Moves runs of neighbouring cuts by one layer, the best move first, until none helps.
Partition improved(Partition first, const std::vector<double>& costs, const Placement& placement,
                   const std::vector<double>& speeds) {
  const std::vector<double> before = running_sums(costs);
  const int layers = static_cast<int>(costs.size());
  Goodness best = goodness(before, first, placement, speeds);
  for (bool moved = true; moved;) {
    moved = false;
    Partition better = first;
    for (std::size_t from = 1; from < first.size(); ++from) {
      for (std::size_t to = from; to < first.size(); ++to) {
        for (const int by : {-1, 1}) {
          Partition trial = first;
          for (std::size_t cut = from; cut <= to; ++cut) trial[cut] += by;
          if (!is_partition(trial, layers, static_cast<int>(trial.size()))) continue;
          const Goodness value = goodness(before, trial, placement, speeds);
          if (value < best) {
            best = value;
            better = trial;
            moved = true;
          }
        }
      }
    }
    first = better;
  }
  return first;
}

}  // namespace

Partition rank_balanced_partition(const std::vector<double>& layer_costs,
                                  const Placement& placement,
                                  const std::vector<double>& rank_speeds) {
  const std::vector<double> speeds = stage_speeds(rank_speeds, placement);
  const Partition even = balanced_partition(layer_costs, speeds);
  const int ranks = placement.rank_count();
  if (placement.most_stages() == 1) return even;
  if (ranks > 1 && placement == Placement::wave(ranks, 2)) {
    return VPartition(layer_costs, stage_speeds(rank_speeds, Placement::loop(ranks)))
        .solve(slowest_rank(layer_costs, even, placement, rank_speeds));
  }
  return improved(even, layer_costs, placement, speeds);
}

double slowest_rank(const std::vector<double>& layer_costs, const Partition& partition,
                    const Placement& placement, const std::vector<double>& rank_speeds) {
  return std::get<0>(goodness(running_sums(layer_costs), partition, placement,
                              stage_speeds(rank_speeds, placement)));
}

}  // namespace pipetrain
