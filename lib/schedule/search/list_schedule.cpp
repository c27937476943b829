#include "schedule/search/list_schedule.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <queue>
#include <utility>

#include "base/index.h"
#include "schedule/simulate/input_times.h"

namespace pipetrain::search {
namespace {

constexpr double kNever = InputTimes::kNever;

class ListScheduler {
 public:
  ListScheduler(const Problem& problem, const ListRule& rule)
      : problem_(problem),
        rule_(rule),
        orders_(index(problem.ranks)),
        ranks_(index(problem.ranks)),
        inputs_(problem.ways, problem.microbatches) {
    for (State& state : ranks_) state.done.assign(index(3 * problem.virtual_stages), 0);
    for (auto& order : orders_) {
      order.reserve(index(3 * problem.virtual_stages * problem.microbatches));
    }
  }

  Orders run() {
    const int total = 3 * problem_.stages * problem_.microbatches;
    for (int rank = 0; rank < problem_.ranks; ++rank) choose(rank);
    for (int i = 0; i < total; ++i) {
      while (!queue_.empty() && queue_.top().version != ranks_[index(queue_.top().rank)].version) {
        queue_.pop();
      }
      if (queue_.empty()) return {};
      const Choice first = queue_.top();
      queue_.pop();
      take(first);
    }
    return std::move(orders_);
  }

 private:
  struct Choice {
    int rank;
    Step step;
    int version;
    double start;
    bool operator<(const Choice& other) const {  // the earliest comes first in a queue
      return start != other.start ? start > other.start : rank > other.rank;
    }
  };
  struct State {
    double free = 0;
    int live = 0, weights = 0;
    int version = 0;        // of its choice: a newer one replaces those in the queue
    std::vector<int> done;  // per Step
  };

  // When the step's input has arrived; never, as far as is known.
  double arrival(int rank, Step step) const {
    const State& state = ranks_[index(rank)];
    const int op = problem_.op(step), lap = problem_.lap(step);
    const int microbatch = state.done[index(step)];
    if (microbatch == problem_.microbatches) return kNever;
    if (op != kF && state.done[index(problem_.step(op - 1, lap))] <= microbatch) return kNever;
    const int stage = problem_.stages_of_rank[index(rank)][index(lap)];
    return inputs_.arrival(kOps[index(op)], stage, microbatch);
  }

  // Whether memory and the rule leave room for a forward; later stages of the rank keep room for
  // one each, for a microbatch must not stop halfway.
  bool may_start(int rank, int lap) const {
    const State& state = ranks_[index(rank)];
    const int stage = problem_.stages_of_rank[index(rank)][index(lap)];
    const int ahead =
        state.done[index(problem_.step(kF, lap))] - state.done[index(problem_.step(kI, lap))];
    return state.live + problem_.laps(rank) - lap <= problem_.live_limit &&
           ahead < rule_.ahead[index(stage)];
  }

  // Puts into the queue what the rank would take next, as far as is known.
  void choose(int rank) {
    State& state = ranks_[index(rank)];
    ++state.version;
    const std::vector<double>& reluctance = rule_.reluctance[index(rank)];
    const bool due = state.weights > rule_.weights_kept[index(rank)];
    double least = kNever;
    Choice choice{rank, 0, state.version, 0};
    for (int op : {kI, kF, kW}) {
      for (int lap = problem_.laps(rank) - 1; lap >= 0; --lap) {
        const Step step = problem_.step(op, lap);
        const double arrives = arrival(rank, step);
        if (arrives == kNever || (op == kF && !may_start(rank, lap))) continue;
        const double start = std::max(state.free, arrives);
        // What is due comes before all.
        const double key = op == kW && due ? -1 : start + reluctance[index(step)];
        if (key >= least) continue;
        least = key;
        choice.step = step;
        choice.start = start;
      }
    }
    if (least < kNever) queue_.push(choice);
  }

  void take(const Choice& choice) {
    State& state = ranks_[index(choice.rank)];
    const int op = problem_.op(choice.step);
    const double end = choice.start + problem_.duration(choice.rank, choice.step);
    state.free = end;
    const int microbatch = state.done[index(choice.step)]++;
    state.live += op == kF ? 1 : op == kW ? -1 : 0;
    state.weights += op == kI ? 1 : op == kW ? -1 : 0;
    orders_[index(choice.rank)].push_back(choice.step);
    if (op == kW) {
      choose(choice.rank);
      return;
    }
    const int stage = problem_.stages_of_rank[index(choice.rank)][index(problem_.lap(choice.step))];
    inputs_.ended(kOps[index(op)], stage, microbatch, end);
    choose(choice.rank);
    const int next = op == kF ? stage + 1 : stage - 1;
    if (next < 0 || next == problem_.stages) return;
    const int neighbour = problem_.rank_of_stage[index(next)];
    if (neighbour != choice.rank) choose(neighbour);
  }

  const Problem& problem_;
  const ListRule& rule_;
  Orders orders_;
  std::vector<State> ranks_;
  std::priority_queue<Choice> queue_;
  InputTimes inputs_;
};

}  // namespace

namespace {

// Per stage: from the start of its forward until its gradient has left.
std::vector<double> return_times(const Problem& problem) {
  std::vector<double> times(index(problem.stages));
  double time = 0;
  for (int stage = problem.stages - 1; stage >= 0; --stage) {
    const StageCost& cost = problem.stage_costs[index(stage)];
    time += cost.forward + cost.backward_input + 2 * problem.message;
    times[index(stage)] = time;
  }
  return times;
}

int at_least_one(double value) {
  return std::max(1, static_cast<int>(std::lround(std::min(value, 1e6))));
}

}  // namespace

std::vector<int> ahead_filling_memory(const Problem& problem, double factor) {
  const std::vector<double> times = return_times(problem);
  std::vector<int> ahead(times.size(), 1);
  for (const std::vector<int>& stages : problem.stages_of_rank) {
    double sum = 0;
    for (int stage : stages) sum += times[index(stage)];
    for (int stage : stages) {
      if (sum <= 0) continue;
      ahead[index(stage)] = at_least_one(factor * problem.live_limit * times[index(stage)] / sum);
    }
  }
  return ahead;
}

std::vector<int> ahead_by_return_time(const Problem& problem, double factor) {
  const std::vector<double> times = return_times(problem);
  double pace = 0;  // of the slowest rank, per microbatch
  for (const std::vector<int>& stages : problem.stages_of_rank) {
    double work = 0;
    for (int stage : stages) {
      const StageCost& cost = problem.stage_costs[index(stage)];
      work += cost.forward + cost.backward_input + cost.backward_weight;
    }
    pace = std::max(pace, work);
  }
  std::vector<int> ahead(times.size(), 1);
  for (std::size_t stage = 0; stage < times.size() && pace > 0; ++stage) {
    ahead[stage] = at_least_one(factor * times[stage] / pace);
  }
  return ahead;
}

ListRule regular_rule(const Problem& problem, std::vector<int> ahead, bool gradients_first,
                      double patience, int weights_kept) {
  constexpr double kLater = 1e-6;  // of its duration: of two steps that can start at once
  ListRule rule{std::move(ahead), std::vector<int>(index(problem.ranks), weights_kept), {}};
  for (int rank = 0; rank < problem.ranks; ++rank) {
    auto& reluctance = rule.reluctance.emplace_back(index(3 * problem.virtual_stages), 0.0);
    for (int lap = 0; lap < problem.laps(rank); ++lap) {
      const Step weight = problem.step(kW, lap);
      const Step second = problem.step(gradients_first ? kF : kI, lap);
      reluctance[index(weight)] = (patience + kLater) * problem.duration(rank, weight);
      reluctance[index(second)] = kLater * problem.duration(rank, second);
    }
  }
  return rule;
}

Orders list_schedule(const Problem& problem, const ListRule& rule) {
  return ListScheduler(problem, rule).run();
}

}  // namespace pipetrain::search
