#include "schedule/search/rank_orders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/index.h"
#include "schedule/lower.h"
#include "schedule/simulate/figures.h"

namespace pipetrain::search {
bool has_room(const Placement& placement, double live_microbatches) {
  return live_microbatches * placement.stage_count() / placement.rank_count() + 1e-9 >=
         placement.most_stages();
}

std::optional<std::string> why_no_room(const Placement& placement, double live_microbatches) {
  if (has_room(placement, live_microbatches)) return std::nullopt;
  const int most = placement.most_stages(), stages = placement.stage_count();
  const double least = std::ceil(10.0 * most * placement.rank_count() / stages) / 10;
  return "schedule auto: the limit is below one live microbatch on the rank that has " +
         std::to_string(most) + " of " + std::to_string(stages) + " stages; allow " +
         short_number(least) + " or more";
}

// A limit in shares of a rank allows so many microbatches of one stage; one microbatch must fit on
// all stages of the rank that has most.
Problem::Problem(Placement placement_of_stages, int microbatch_count, const Costs& costs,
                 double live_microbatches)
    : placement(std::move(placement_of_stages)),
      ranks(placement.rank_count()),
      microbatches(microbatch_count),
      stages(placement.stage_count()),
      virtual_stages(placement.most_stages()),
      message(costs.message),
      ways(ways_of(costs, placement).without_queues()),
      stage_costs(at_rank_speeds(costs, placement).stages),
      rank_of_stage(placement.ranks()),
      live_limit(std::max(virtual_stages, static_cast<int>(std::floor(
                                              std::min<double>(live_microbatches * stages / ranks,
                                                               microbatches * virtual_stages) +
                                              1e-9)))) {
  for (int rank = 0; rank < ranks; ++rank) stages_of_rank.push_back(placement.stages_of(rank));
  if (costs.network && costs.network->has_links) message = ways.longest();
}

Orders orders_of(const Schedule& schedule) {
  const Schedule split = split_backward(schedule);
  Orders orders;
  for (const auto& actions : split.ranks) {
    std::vector<Step>& order = orders.emplace_back();
    for (const Action& action : actions) {
      const int op = action.op == Op::kForward ? kF : action.op == Op::kBackwardInput ? kI : kW;
      order.push_back(op * schedule.virtual_stages() + schedule.placement.place_of(action.stage));
    }
  }
  return orders;
}

Orders one_at_a_time(const Problem& problem) {
  Orders orders(index(problem.ranks));
  for (int rank = 0; rank < problem.ranks; ++rank) {
    std::vector<Step>& order = orders[index(rank)];
    for (int m = 0; m < problem.microbatches; ++m) {
      for (int lap = 0; lap < problem.laps(rank); ++lap) order.push_back(problem.step(kF, lap));
      for (int lap = problem.laps(rank) - 1; lap >= 0; --lap) {
        order.push_back(problem.step(kI, lap));
        order.push_back(problem.step(kW, lap));
      }
    }
  }
  return orders;
}

Schedule schedule_of(const Problem& problem, const Orders& orders) {
  Schedule schedule{problem.placement, problem.microbatches, {}};
  for (int rank = 0; rank < problem.ranks; ++rank) {
    std::vector<int> next(index(3 * problem.virtual_stages), 0);
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    for (Step step : orders[index(rank)]) {
      actions.push_back({kOps[index(problem.op(step))],
                         problem.stages_of_rank[index(rank)][index(problem.lap(step))],
                         next[index(step)]++});
    }
  }
  return schedule;
}

namespace {

// The most time that `count` pieces of work can take, when each of `durations` comes once per
// microbatch.
double longest_time(std::vector<double> durations, int microbatches, int count) {
  std::sort(durations.rbegin(), durations.rend());
  double time = 0;
  for (double duration : durations) {
    const int taken = std::min(count, microbatches);
    time += taken * duration;
    count -= taken;
  }
  return time;
}

// The same for the forwards of a rank's stages, lowest first: none can run more often than the one
// below it, so no mix takes longer on average than the best of lap 0, laps 0 and 1, ...
double longest_forwards(const std::vector<double>& durations, int microbatches, int count) {
  double sum = 0, longest_mean = 0;
  for (std::size_t lap = 0; lap < durations.size(); ++lap) {
    sum += durations[lap];
    longest_mean = std::max(longest_mean, sum / static_cast<double>(lap + 1));
  }
  return std::min(count * longest_mean, microbatches * sum);
}

// A microbatch is live on a stage at least until its gradient is back from the last stage and W is
// done. A rank that keeps few at once waits for that, whatever its order: the lifetimes of all
// microbatches on its stages fill its memory over its time.
double least_time_by_volume(const Problem& problem, int rank) {
  double lifetimes = 0, way = 0, head = 0;  // `way`: up from the stage and back down to it
  const std::vector<int>& stages = problem.stages_of_rank[index(rank)];
  for (int stage = problem.stages - 1; stage >= 0; --stage) {
    const StageCost& cost = problem.stage_costs[index(stage)];
    const double up = problem.ways.up[index(stage) + 1].total();
    const double down = problem.ways.down[index(stage) + 1].total();
    way += cost.forward + cost.backward_input + (up + down);
    if (problem.rank_of_stage[index(stage)] == rank) lifetimes += way + cost.backward_weight;
    if (stage < stages.front()) head += cost.forward + up;
  }
  return head + problem.microbatches * lifetimes / problem.live_limit;
}

// A rank cannot start before the first microbatch has come down to it. Then it can run as many
// forwards as memory holds until its first gradient comes, and must wait if they are too few. All
// its work but the W that memory can hold back comes before its last I, whose gradient still has to
// go down to the first stage.
double least_time_of_rank(const Problem& problem, int rank) {
  std::vector<double> forwards, weights;
  double head = 0, first_gradient = 0, work = 0, tail = 0;
  const std::vector<int>& stages = problem.stages_of_rank[index(rank)];
  for (int stage = 0; stage < problem.stages; ++stage) {
    const StageCost& cost = problem.stage_costs[index(stage)];
    // From the stage below, and to it.
    const double up = problem.ways.up[index(stage)].total();
    const double down = problem.ways.down[index(stage)].total();
    if (stage <= stages.front()) {
      head += up + (stage < stages.front() ? cost.forward : 0);
      tail += down + (stage < stages.front() ? cost.backward_input : 0);
    }
    first_gradient += up + cost.forward;
    if (stage > stages.back()) first_gradient += down + cost.backward_input;
    if (problem.rank_of_stage[index(stage)] != rank) continue;
    work += problem.microbatches * (cost.forward + cost.backward_input + cost.backward_weight);
    forwards.push_back(cost.forward);
    weights.push_back(cost.backward_weight);
  }
  const double busy = longest_forwards(forwards, problem.microbatches, problem.live_limit);
  const double begun = head + std::max(0.0, first_gradient - head - busy) + work;
  const double held_back = longest_time(weights, problem.microbatches, problem.live_limit);
  return std::max(begun, begun - held_back + tail + problem.stage_costs[0].backward_weight);
}

}  // namespace

double least_makespan(const Problem& problem) {
  double least = 0;
  for (int rank = 0; rank < problem.ranks; ++rank) {
    least =
        std::max({least, least_time_of_rank(problem, rank), least_time_by_volume(problem, rank)});
  }
  return least;
}

OrderCost::OrderCost(const Problem& problem)
    : problem_(problem), inputs_(problem.ways, problem.microbatches) {
  const std::size_t cells = index(problem.stages) * index(problem.microbatches);
  timings_.resize(index(problem.ranks));
  for (int rank = 0; rank < problem.ranks; ++rank) {
    timings_[index(rank)].resize(index(3 * problem.laps(rank) * problem.microbatches));
  }
  position_.resize(index(problem.ranks));
  forwards_.resize(index(problem.stages));
  gradients_.resize(index(problem.stages));
  forward_position_.resize(cells);
  gradient_position_.resize(cells);
}

// Runs what can run on `rank`; whether anything could.
bool OrderCost::advance(int rank, const std::vector<Step>& order) {
  std::vector<Timing>& timings = timings_[index(rank)];
  int& position = position_[index(rank)];
  const int first = position;
  double free = position > 0 ? timings[index(position - 1)].end : 0;
  for (; position < static_cast<int>(order.size()); ++position) {
    const Step step = order[index(position)];
    const int op = problem_.op(step);
    const int stage = problem_.stages_of_rank[index(rank)][index(problem_.lap(step))];
    const double duration = problem_.stage_duration(op, stage);
    if (op == kW) {  // its I has run: the order has been checked
      const double end = free + duration;
      timings[index(position)] = {free, end, false};
      free = end;
      continue;
    }
    auto& done = op == kF ? forwards_ : gradients_;
    const int microbatch = done[index(stage)];
    const double arrival = inputs_.arrival(kOps[index(op)], stage, microbatch);
    if (arrival == InputTimes::kNever) break;
    const double start = std::max(free, arrival);
    const double end = start + duration;
    timings[index(position)] = {start, end, arrival > free};
    inputs_.ended(kOps[index(op)], stage, microbatch, end);
    (op == kF ? forward_position_ : gradient_position_)[cell(stage, microbatch)] = position;
    ++done[index(stage)];
    free = end;
  }
  return position > first;
}

double OrderCost::run(const Orders& orders) {
  std::fill(position_.begin(), position_.end(), 0);
  std::fill(forwards_.begin(), forwards_.end(), 0);
  std::fill(gradients_.begin(), gradients_.end(), 0);
  inputs_.forget();
  for (bool moved = true; moved;) {  // down the ranks with the forwards, back up with the gradients
    moved = false;
    for (int rank = 0; rank < problem_.ranks; ++rank) {
      if (advance(rank, orders[index(rank)])) moved = true;
    }
    for (int rank = problem_.ranks - 2; rank >= 0; --rank) {
      if (advance(rank, orders[index(rank)])) moved = true;
    }
  }
  double makespan = 0;
  for (int rank = 0; rank < problem_.ranks; ++rank) {
    if (index(position_[index(rank)]) < orders[index(rank)].size()) {
      return std::numeric_limits<double>::infinity();
    }
    makespan = std::max(makespan, timings_[index(rank)].back().end);
  }
  return makespan;
}

double OrderCost::mean_end() const {
  double sum = 0;
  for (const auto& timings : timings_) sum += timings.back().end;
  return sum / problem_.ranks;
}

const std::vector<OrderCost::Place>& OrderCost::critical_path(const Orders& orders) {
  critical_.clear();
  Place place{0, 0};
  for (int rank = 0; rank < problem_.ranks; ++rank) {
    if (timings_[index(rank)].back().end > timings_[index(place.rank)].back().end)
      place.rank = rank;
  }
  place.position = static_cast<int>(orders[index(place.rank)].size()) - 1;
  while (true) {
    critical_.push_back(place);
    if (!timings_[index(place.rank)][index(place.position)].waited) {
      if (place.position == 0) break;
      --place.position;
      continue;
    }
    // The action waited for another rank's result: find which microbatch it is by counting.
    const auto& order = orders[index(place.rank)];
    const Step step = order[index(place.position)];
    const int microbatch =
        static_cast<int>(std::count(order.begin(), order.begin() + place.position, step));
    const bool forward = problem_.op(step) == kF;
    const int stage = problem_.stages_of_rank[index(place.rank)][index(problem_.lap(step))];
    const int source = forward ? stage - 1 : stage + 1;
    place.rank = problem_.rank_of_stage[index(source)];
    place.position = (forward ? forward_position_ : gradient_position_)[cell(source, microbatch)];
  }
  return critical_;
}

}  // namespace pipetrain::search
