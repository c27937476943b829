#include "schedule/search/beginning.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace pipetrain::search {
namespace {

constexpr double kNotYet = std::numeric_limits<double>::infinity();

}  // namespace

Growth::Growth(const Problem& problem) : problem_(problem) {
  const int stages = problem.stages;
  heads_.assign(index(problem.ranks), 0);
  after_gradient_.assign(index(stages), 0);
  to_forward_.assign(index(stages), std::vector<double>(index(stages), 0));
  to_gradient_ = to_forward_;
  longest_weights_ = problem.stages_of_rank;
  for (std::vector<int>& own : longest_weights_) {
    std::stable_sort(own.begin(), own.end(), [&](int a, int b) {
      return problem.stage_duration(kW, a) > problem.stage_duration(kW, b);
    });
  }
  double arrives = 0;
  for (int stage = 0; stage < stages; ++stage) {
    arrives += problem.ways.up[index(stage)].total();
    double& head = heads_[index(problem.rank_of_stage[index(stage)])];
    if (problem.stages_of_rank[index(problem.rank_of_stage[index(stage)])].front() == stage) {
      head = arrives;
    }
    const StageCost& cost = problem.stage_costs[index(stage)];
    arrives += cost.forward;
    after_gradient_[index(stage)] = cost.backward_weight;
    if (stage > 0) {
      const double below = problem.ways.down[index(stage)].total() +
                           problem.stage_costs[index(stage - 1)].backward_input +
                           after_gradient_[index(stage - 1)];
      after_gradient_[index(stage)] = std::max(cost.backward_weight, below);
    }
  }
  for (int from = stages - 1; from >= 0; --from) {
    double time = problem.stage_costs[index(from)].backward_input;
    for (int to = from; to >= 0; --to) {
      to_gradient_[index(from)][index(to)] = time;
      if (to > 0) {
        time += problem.ways.down[index(to)].total() +
                problem.stage_costs[index(to - 1)].backward_input;
      }
    }
    for (int to = 0; to < stages; ++to) {
      const bool last = from == stages - 1;
      to_forward_[index(from)][index(to)] = problem.stage_costs[index(from)].forward +
                                            (last ? to_gradient_[index(from)][index(to)]
                                                  : problem.ways.up[index(from) + 1].total() +
                                                        to_forward_[index(from) + 1][index(to)]);
    }
  }
}

Beginning Growth::empty() const {
  Beginning beginning;
  beginning.done.assign(index(3 * problem_.stages), 0);
  beginning.times.assign(index(problem_.ranks + 2 * problem_.stages * problem_.microbatches),
                         kNotYet);
  std::copy(heads_.begin(), heads_.end(), beginning.times.begin());
  beginning.put_off.assign(index(problem_.ranks), 0);
  const double head = beginning.times[index(problem_.rank_of_stage[0])];
  for (int m = 0; m < problem_.microbatches; ++m) beginning.times[input(kF, 0, m)] = head;
  estimate(beginning);
  return beginning;
}

int Growth::live(const Beginning& beginning, int rank) const {
  int live = 0;
  for (int stage : problem_.stages_of_rank[index(rank)]) {
    live += beginning.done[at(kF, stage)] - beginning.done[at(kW, stage)];
  }
  return live;
}

// When the rank's next such action can start; never, as far as is known.
double Growth::start(const Beginning& beginning, int rank, int op, int lap) const {
  const int stage = problem_.stages_of_rank[index(rank)][index(lap)];
  const int microbatch = beginning.done[at(op, stage)];
  if (microbatch == problem_.microbatches) return kNotYet;
  if (op == kW) {
    return microbatch < beginning.done[at(kI, stage)] ? beginning.times[index(rank)] : kNotYet;
  }
  return beginning.times[input(op, stage, microbatch)];
}

void Growth::choose(const Beginning& beginning, Choice& choice) const {
  Pick first{-1, 0};
  choice.first_end = kNotYet;
  for (int op : {kW, kI, kF}) {
    for (int rank = 0; rank < problem_.ranks; ++rank) {
      if (op == kF && live(beginning, rank) >= problem_.live_limit) continue;
      for (int lap = 0; lap < problem_.laps(rank); ++lap) {
        if (op == kF && (beginning.put_off[index(rank)] >> lap & 1U) != 0) continue;
        const Step step = problem_.step(op, lap);
        const double end = start(beginning, rank, op, lap) + problem_.duration(rank, step);
        if (end >= choice.first_end) continue;
        choice.first_end = end;
        first = {rank, step};
      }
    }
  }
  choice.next.clear();
  choice.may_put_off = false;
  if (first.rank < 0) return;
  choice.next.push_back(first);
  const int rank = first.rank, held = live(beginning, rank);
  int other_forwards = 0;
  for (int lap = 0; lap < problem_.laps(rank); ++lap) {
    for (int op : {kI, kF, kW}) {
      const Step step = problem_.step(op, lap);
      if (step == first.step) continue;
      if (op == kF) {
        const int stage = problem_.stages_of_rank[index(rank)][index(lap)];
        other_forwards += problem_.microbatches - beginning.done[at(kF, stage)];
        if (held >= problem_.live_limit) continue;
        if ((beginning.put_off[index(rank)] >> lap & 1U) != 0) continue;
      }
      if (start(beginning, rank, op, lap) < choice.first_end) choice.next.push_back({rank, step});
    }
  }
  choice.may_put_off =
      problem_.op(first.step) == kF && held + 1 + other_forwards > problem_.live_limit;
}

void Growth::take(Beginning& beginning, Pick pick) const {
  const int op = problem_.op(pick.step), rank = pick.rank;
  const int stage = problem_.stages_of_rank[index(rank)][index(problem_.lap(pick.step))];
  const int microbatch = beginning.done[at(op, stage)];
  double& free = beginning.times[index(rank)];
  if (op != kW) {
    double& arrival = beginning.times[input(op, stage, microbatch)];
    free = std::max(free, arrival);
    arrival = 0;
  }
  free += problem_.stage_duration(op, stage);
  ++beginning.done[at(op, stage)];
  const auto arrives = [&](int to_op, int to, double way) {
    const double rank_free = beginning.times[index(problem_.rank_of_stage[index(to)])];
    beginning.times[input(to_op, to, microbatch)] = std::max(free + way, rank_free);
  };
  if (op == kF) {
    if (stage + 1 < problem_.stages) {
      arrives(kF, stage + 1, problem_.ways.up[index(stage) + 1].total());
    } else {
      arrives(kI, stage, 0);
    }
  } else if (op == kI && stage > 0) {
    arrives(kI, stage - 1, problem_.ways.down[index(stage)].total());
  }
  lift(beginning, rank);
  if (live(beginning, rank) == problem_.live_limit) beginning.put_off[index(rank)] = 0;
}

// No input is of use before its rank is free.
void Growth::lift(Beginning& beginning, int rank) const {
  const double free = beginning.times[index(rank)];
  for (int stage : problem_.stages_of_rank[index(rank)]) {
    for (int op : {kF, kI}) {
      for (int m = beginning.done[at(op, stage)]; m < problem_.microbatches; ++m) {
        double& arrival = beginning.times[input(op, stage, m)];
        if (arrival == kNotYet) break;
        arrival = std::max(arrival, free);
      }
    }
  }
}

// An F is worth putting off only if nothing else of its rank starts before it could have ended, and
// if the rank's memory is full at some time before it runs: else it could have run first.
void Growth::put_off(Beginning& beginning, const Choice& choice) const {
  const Pick first = choice.next.front();
  beginning.put_off[index(first.rank)] |= 1U << problem_.lap(first.step);
  double& free = beginning.times[index(first.rank)];
  free = std::max(free, choice.first_end);
  lift(beginning, first.rank);
}

bool Growth::is_as_good(const Beginning& a, const Beginning& b) {
  for (std::size_t i = 0; i < a.put_off.size(); ++i) {
    if ((a.put_off[i] & ~b.put_off[i]) != 0) return false;
  }
  for (std::size_t i = 0; i < a.times.size(); ++i) {
    if (a.times[i] > b.times[i]) return false;
  }
  return true;
}

// The rank's memory is full, and what is in it waits for an F of this rank.
bool Growth::is_stuck(const Beginning& beginning, int rank) const {
  const std::vector<int>& stages = problem_.stages_of_rank[index(rank)];
  if (live(beginning, rank) < problem_.live_limit) return false;
  const int passed = beginning.done[at(kF, stages.back())];
  for (int stage : stages) {
    const int oldest = beginning.done[at(kW, stage)];
    if (oldest == beginning.done[at(kF, stage)]) continue;
    if (oldest < beginning.done[at(kI, stage)] || oldest < passed) return false;
  }
  return true;
}

// All that the rank has still to do; and all but the W that its memory can hold back comes before
// its last I, whose gradient has to go down to the first stage.
double Growth::bound_of_work(const Beginning& beginning, int rank) const {
  const std::vector<int>& stages = problem_.stages_of_rank[index(rank)];
  double work = 0;
  for (int stage : stages) {
    for (int op : {kF, kI, kW}) {
      work += (problem_.microbatches - beginning.done[at(op, stage)]) *
              problem_.stage_duration(op, stage);
    }
  }
  const double all = beginning.times[index(rank)] + work;
  const int first = stages.front();
  if (beginning.done[at(kI, first)] == problem_.microbatches) return all;
  double held_back = 0;
  int room = problem_.live_limit;
  for (int stage : longest_weights_[index(rank)]) {
    const int held = std::min(room, problem_.microbatches - beginning.done[at(kW, stage)]);
    held_back += held * problem_.stage_duration(kW, stage);
    room -= held;
  }
  return std::max(all, all - held_back + after_gradient_[index(first)]);
}

// Follows every microbatch from where it is to the end, as if it were alone. Adds up per rank how
// long those that are live still stay, and returns when the last one can be done.
double Growth::follow(const Beginning& beginning, std::vector<double>& lifetimes) const {
  const auto stays = [&](int stage, double gradient_end) {
    const int rank = problem_.rank_of_stage[index(stage)];
    lifetimes[index(rank)] += std::max(0.0, gradient_end - beginning.times[index(rank)]) +
                              problem_.stage_duration(kW, stage);
  };
  double bound = 0;
  for (int op : {kF, kI}) {
    const auto& ways = op == kF ? to_forward_ : to_gradient_;
    for (int stage = 0; stage < problem_.stages; ++stage) {
      const double duration = problem_.stage_duration(op, stage);
      double ready = 0, first = kNotYet;
      for (int m = beginning.done[at(op, stage)]; m < problem_.microbatches; ++m) {
        const double arrival = beginning.times[input(op, stage, m)];
        if (arrival == kNotYet) break;
        ready = std::max(ready, arrival);
        first = std::min(first, ready);
        for (int held = op == kF ? stage - 1 : stage; held >= 0; --held) {
          stays(held, ready + ways[index(stage)][index(held)]);
        }
        ready += duration;
        if (stage == 0 && op == kF) break;  // the others have not begun
      }
      if (first == kNotYet) continue;
      const int left = problem_.microbatches - beginning.done[at(op, stage)];
      bound = std::max(bound, first + (left - 1) * duration + ways[index(stage)][0] +
                                  problem_.stage_duration(kW, 0));
    }
  }
  return bound;
}

void Growth::estimate(Beginning& beginning) const {
  std::vector<double> lifetimes(index(problem_.ranks), 0.0);
  beginning.bound = follow(beginning, lifetimes);
  double sum = 0;
  for (int rank = 0; rank < problem_.ranks; ++rank) {
    if (is_stuck(beginning, rank)) {
      beginning.bound = kNotYet;
      return;
    }
    double& lifetime = lifetimes[index(rank)];
    for (int stage : problem_.stages_of_rank[index(rank)]) {
      const int weights = beginning.done[at(kI, stage)] - beginning.done[at(kW, stage)];
      const int to_come = problem_.microbatches - beginning.done[at(kF, stage)];
      lifetime +=
          weights * problem_.stage_duration(kW, stage) +
          to_come * (to_forward_[index(stage)][index(stage)] + problem_.stage_duration(kW, stage));
    }
    const double bound = std::max(bound_of_work(beginning, rank),
                                  beginning.times[index(rank)] + lifetime / problem_.live_limit);
    sum += bound;
    beginning.bound = std::max(beginning.bound, bound);
  }
  beginning.promise = sum / problem_.ranks;
}

}  // namespace pipetrain::search
