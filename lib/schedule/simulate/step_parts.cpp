#include "schedule/simulate/step_parts.h"

#include <algorithm>
#include <utility>

#include "schedule/neighbours.h"
#include "schedule/simulate/network.h"

namespace pipetrain {
namespace {

bool is_behind_compute(Op op) {
  return op == Op::kSendForward || op == Op::kSendBackward || op == Op::kReduceGrad ||
         op == Op::kReshard;
}

// Steps are not followed in order of time, as ranks that share a link would have to be.
MessageWays ways_in_any_order(const Costs& costs, const Schedule& schedule) {
  const MessageWays ways = ways_of(costs, schedule);
  return ways.shared ? ways.without_queues() : ways;
}

}  // namespace

std::vector<StepPart> step_parts(const std::vector<Action>& actions) {
  std::vector<StepPart> parts;
  std::size_t i = 0;
  while (i < actions.size()) {
    StepPart part{.first = i, .end = i, .computes = {}};
    while (i < actions.size() && !is_compute(actions[i].op)) ++i;
    while (i < actions.size() && is_compute(actions[i].op)) {
      const bool goes_on = actions[i].op == Op::kRecompute || is_joined(actions, i);
      part.computes.push_back(actions[i++]);
      // What stands between an R and its I is posted with it.
      while (goes_on && i < actions.size() && !is_compute(actions[i].op)) ++i;
      if (!goes_on) break;
    }
    while (i < actions.size() && is_behind_compute(actions[i].op)) ++i;
    part.end = i;
    parts.push_back(std::move(part));
  }
  return parts;
}

StepClock::StepClock(const Program& program, const Costs& costs, int steps)
    : costs_(
          costs_of_slice(at_rank_speeds(costs, program.actions.placement), program.actions.slices)),
      microbatches_(program.actions.microbatches),
      slices_(program.actions.slices),
      inputs_(ways_in_any_order(costs_, program.actions), microbatches_, slices_, steps),
      free_(program.actions.ranks.size()),
      left_(static_cast<std::size_t>(steps)),
      ends_(static_cast<std::size_t>(steps)),
      live_(program.actions.ranks.size()),
      slices_per_rank_(program.actions.stages_per_rank() * program.actions.slices) {
  for (const auto& actions : program.actions.ranks) {
    parts_.push_back(step_parts(actions));
    for (std::size_t& left : left_) left += parts_.back().size();
  }
  timeline_.ranks.resize(parts_.size());
  timeline_.peak_live_microbatches.resize(parts_.size());
}

double StepClock::seconds(const Action& action) const {
  const bool remakes = action.op == Op::kBackwardInput;
  return duration_of(action, costs_) +
         (remakes ? costs_.stages[static_cast<std::size_t>(action.stage)].remake : 0);
}

double StepClock::start(std::size_t rank, int step, std::size_t part) const {
  double at = free_[rank];
  for (const Action& action : parts_[rank][part].computes) {
    at = std::max(at, arrival(named(step, action)));
  }
  return at;
}

void StepClock::run(std::size_t rank, int step, std::size_t part, double not_before) {
  const auto s = static_cast<std::size_t>(step);
  const double begin = std::max(start(rank, step, part), not_before);
  double at = begin;
  for (const Action& action : parts_[rank][part].computes) {
    const Action named = this->named(step, action);
    if (action.op == Op::kForward) {
      double& peak = timeline_.peak_live_microbatches[rank];
      peak = std::max(peak, ++live_[rank] / slices_per_rank_);
    }
    if (begin > free_[rank]) timeline_.ranks[rank].push_back({named, true, free_[rank], begin});
    timeline_.ranks[rank].push_back({named, false, at, at + seconds(action)});
    at = free_[rank] = at + seconds(action);
    inputs_.ended(named.op, named.stage, slice_number(named), at);
    if (ends_microbatch(action.op)) --live_[rank];
  }
  --left_[s];
  ends_[s] = std::max(ends_[s], at);
}

double StepClock::closed(int step) const {
  if (step < 0) return 0;
  const auto s = static_cast<std::size_t>(step);
  return left_[s] == 0 ? ends_[s] : InputTimes::kNever;
}

}  // namespace pipetrain
