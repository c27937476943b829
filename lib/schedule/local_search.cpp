#include "schedule/local_search.h"

#include <algorithm>
#include <utility>

#include "base/random.h"

namespace pipetrain::search {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

// Late ranks are worth a little, so that the search has a slope where the makespan is flat.
constexpr double kMeanWeight = 0.01;

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
    ++done[step];
    if (op != kF && done[step] > done[step - index(v)]) return false;
    live += op == kF ? 1 : op == kW ? -1 : 0;
    if (live > problem.live_limit) return false;
  }
  return true;
}

double local_search(const Problem& problem, Orders& orders, long evaluations, std::uint64_t seed) {
  Evaluation evaluation(problem);
  double makespan = evaluation.run(orders);
  double energy = makespan + kMeanWeight * evaluation.mean_end();
  Orders best = orders;
  double best_makespan = makespan;
  const double goal = least_makespan(problem) * (1 + 1e-9);
  double shortest = makespan;
  for (const StageCost& cost : problem.stage_costs) {
    for (double part : {cost.forward, cost.backward_input, cost.backward_weight}) {
      if (part > 0) shortest = std::min(shortest, part);
    }
  }
  std::vector<Evaluation::Place> critical = evaluation.critical_path(orders);
  for (long trial = 0; trial < evaluations && best_makespan > goal; ++trial) {
    const RandomWords words = philox(seed, static_cast<std::uint64_t>(trial));
    const Evaluation::Place place = critical[words[0] % critical.size()];
    std::vector<Step>& order = orders[index(place.rank)];
    const int reach = words[1] % 8 == 0 ? 30 : 6;
    int distance = 1 + static_cast<int>(words[2] % static_cast<std::uint32_t>(reach));
    if (words[1] & 16) distance = -distance;
    int from = place.position;
    int to = std::clamp(from + distance, 0, static_cast<int>(order.size()) - 1);
    if (words[1] & 32) std::swap(from, to);
    if (order[index(from)] == order[index(to)]) continue;
    move_step(order, from, to);
    bool accepted = false;
    if (is_in_order(problem, order)) {
      const double new_makespan = evaluation.run(orders);
      const double new_energy = new_makespan + kMeanWeight * evaluation.mean_end();
      const double cooling = 1 - static_cast<double>(trial) / static_cast<double>(evaluations);
      const double tolerance =
          0.5 * shortest * cooling * cooling * static_cast<double>(uniform_from(words[3]));
      accepted = new_energy <= energy + tolerance;
      if (accepted) {
        energy = new_energy;
        critical = evaluation.critical_path(orders);
        if (new_makespan < best_makespan) {
          best_makespan = new_makespan;
          best = orders;
        }
      }
    }
    if (!accepted) move_step(order, to, from);
  }
  orders = std::move(best);
  return best_makespan;
}

}  // namespace pipetrain::search
