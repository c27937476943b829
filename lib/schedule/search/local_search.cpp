#include "schedule/search/local_search.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "base/index.h"
#include "base/random.h"

namespace pipetrain::search {
namespace {

// Late ranks are worth a little, so that the search has a slope where the makespan is flat.
constexpr double kMeanWeight = 0.01;

double shortest_duration(const Problem& problem) {
  double shortest = std::numeric_limits<double>::max();
  for (const StageCost& cost : problem.stage_costs) {
    for (double part : {cost.forward, cost.backward_input, cost.backward_weight}) {
      if (part > 0) shortest = std::min(shortest, part);
    }
  }
  return shortest;
}

// A critical action goes a few places earlier or later, or another one comes to its place; now and
// then from far.
struct Move {
  int rank, from, to;
};

Move random_move(const std::vector<OrderCost::Place>& critical, const Orders& orders,
                 const RandomWords& words) {
  const OrderCost::Place place = critical[words[0] % critical.size()];
  const std::uint32_t reach = words[1] % 8 == 0 ? 30 : 6;
  int distance = 1 + static_cast<int>(words[2] % reach);
  if (words[1] & 16) distance = -distance;
  const int last = static_cast<int>(orders[index(place.rank)].size()) - 1;
  const int other = std::clamp(place.position + distance, 0, last);
  if (words[1] & 32) return {place.rank, other, place.position};
  return {place.rank, place.position, other};
}

void move_step(std::vector<Step>& order, int from, int to) {
  const auto begin = order.begin();
  if (from < to) {
    std::rotate(begin + from, begin + from + 1, begin + to + 1);
  } else {
    std::rotate(begin + to, begin + from, begin + from + 1);
  }
}

}  // namespace

bool is_in_order(const Problem& problem, const std::vector<Step>& order) {
  const int v = problem.virtual_stages;
  std::vector<int> done(index(3 * v), 0);
  int live = 0;
  for (Step step : order) {
    const int op = problem.op(step);
    ++done[index(step)];
    if (op != kF && done[index(step)] > done[index(step - v)]) return false;
    live += op == kF ? 1 : op == kW ? -1 : 0;
    if (live > problem.live_limit) return false;
  }
  return true;
}

double local_search(const Problem& problem, Orders& orders, long evaluations, std::uint64_t seed) {
  OrderCost evaluation(problem);
  double best_makespan = evaluation.run(orders);
  double energy = best_makespan + kMeanWeight * evaluation.mean_end();
  Orders best = orders;
  std::vector<OrderCost::Place> critical = evaluation.critical_path(orders);
  const double goal = least_makespan(problem) * (1 + 1e-9);
  const double warmth = 0.5 * std::min(shortest_duration(problem), best_makespan);
  for (long trial = 0; trial < evaluations && best_makespan > goal; ++trial) {
    const RandomWords words = philox(seed, static_cast<std::uint64_t>(trial));
    const Move move = random_move(critical, orders, words);
    std::vector<Step>& order = orders[index(move.rank)];
    if (order[index(move.from)] == order[index(move.to)]) continue;
    move_step(order, move.from, move.to);
    bool accepted = false;
    if (is_in_order(problem, order)) {
      const double makespan = evaluation.run(orders);
      const double new_energy = makespan + kMeanWeight * evaluation.mean_end();
      const double left = 1 - static_cast<double>(trial) / static_cast<double>(evaluations);
      const double luck = static_cast<double>(uniform_from(words[3]));
      accepted = new_energy <= energy + warmth * left * left * luck;
      if (accepted) {
        energy = new_energy;
        critical = evaluation.critical_path(orders);
      }
      if (accepted && makespan < best_makespan) {
        best_makespan = makespan;
        best = orders;
      }
    }
    if (!accepted) move_step(order, move.to, move.from);
  }
  orders = std::move(best);
  return best_makespan;
}

}  // namespace pipetrain::search
