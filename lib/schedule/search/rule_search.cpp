#include "schedule/search/rule_search.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/index.h"
#include "base/random.h"

namespace pipetrain::search {
namespace {

// Late ranks are worth something, so that the search has a slope where the makespan is flat.
constexpr double kMeanEndWeight = 0.05;

int below(std::uint32_t word, int bound) {
  return static_cast<int>(word % static_cast<std::uint32_t>(bound));
}

double mean_duration(const Problem& problem) {
  double sum = 0;
  for (const StageCost& cost : problem.stage_costs) {
    sum += cost.forward + cost.backward_input + cost.backward_weight;
  }
  return sum / (3 * problem.stages);
}

// One lap's `ahead`, a rank's `weights_kept` or the reluctance to one step becomes another, on one
// rank or on all.
void change(const Problem& problem, ListRule& rule, const RandomWords& words) {
  enum { kAhead = 4, kWeightsKept = 5, kKinds = 8 };  // half of the changes are to `ahead`
  const int kind = below(words[0], kKinds);
  const bool everywhere = (words[0] & 64) != 0;
  const int one = below(words[1], problem.ranks);
  const int distance = (words[3] & 6) != 0 ? 1 : 2;
  const int difference = (words[3] & 1) != 0 ? distance : -distance;
  const int op = below(words[3] >> 8, 3);
  const double part = static_cast<double>(words[3] >> 16) / 65536.0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    if (!everywhere && rank != one) continue;
    const int lap = below(words[2], problem.laps(rank));
    if (kind < kAhead) {
      int& ahead = rule.ahead[index(problem.stages_of_rank[index(rank)][index(lap)])];
      ahead = std::max(1, ahead + difference);
    } else if (kind < kWeightsKept) {
      int& kept = rule.weights_kept[index(rank)];
      kept = std::max(0, kept + difference);
    } else {
      const Step step = problem.step(op, lap);
      rule.reluctance[index(rank)][index(step)] = 1.5 * part * part * problem.duration(rank, step);
    }
  }
}

}  // namespace

double search_rules(const Problem& problem, ListRule rule, Orders& orders, long trials,
                    std::uint64_t seed) {
  OrderCost evaluation(problem);
  double best_makespan = evaluation.run(orders);
  double energy = best_makespan + kMeanEndWeight * evaluation.mean_end();
  const double goal = least_makespan(problem) * (1 + 1e-9);
  const double warmth = 0.3 * mean_duration(problem);
  for (long trial = 0; trial < trials && best_makespan > goal; ++trial) {
    const auto words = [&](std::uint64_t use) {
      return philox(seed, static_cast<std::uint64_t>(trial), use);
    };
    const RandomWords luck = words(2);
    ListRule changed = rule;
    change(problem, changed, words(0));
    if ((luck[1] & 1) != 0) change(problem, changed, words(1));
    Orders made = list_schedule(problem, changed);
    if (made.empty()) continue;
    const double makespan = evaluation.run(made);
    const double new_energy = makespan + kMeanEndWeight * evaluation.mean_end();
    const double left = 1 - static_cast<double>(trial) / static_cast<double>(trials);
    if (new_energy <= energy + warmth * left * left * static_cast<double>(uniform_from(luck[0]))) {
      energy = new_energy;
      rule = std::move(changed);
    }
    if (makespan < best_makespan) {
      best_makespan = makespan;
      orders = std::move(made);
    }
  }
  return best_makespan;
}

}  // namespace pipetrain::search
