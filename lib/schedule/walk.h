// Visits a schedule's actions in an order in which they can run: a rank's own order, and what an
// action needs first. The one place that knows these dependencies; validation, simulation and the
// bounds on messages are visitors.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// What another stage must have finished before `action` can run: F needs the stage below, I and B
// the stage above. What an action needs of its own stage lies on its own rank, where validate()
// checks the order.
inline std::optional<Action> needed_by(const Schedule& schedule, const Action& action) {
  if (action.op == Op::kForward && action.stage > 0) {
    return Action{Op::kForward, action.stage - 1, action.microbatch, action.slice};
  }
  if (sends_gradient(action.op) && action.stage + 1 < schedule.stage_count()) {
    return Action{Op::kBackwardInput, action.stage + 1, action.microbatch, action.slice};
  }
  return std::nullopt;
}

// Calls visit(rank, position) once for each action that can run, linear in their number. Returns
// how many actions of each rank were visited: all of them unless the schedule deadlocks. Stages,
// microbatches and slices must be in range.
template <class Visit>
std::vector<std::size_t> walk(const Schedule& schedule, Visit&& visit) {
  const std::size_t cells = cell_count(schedule);
  std::vector<char> forward_done(cells, 0), gradient_done(cells, 0);
  std::vector<std::size_t> position(schedule.ranks.size(), 0);
  std::vector<int> awake;
  for (int rank = schedule.rank_count() - 1; rank >= 0; --rank) awake.push_back(rank);
  const auto ready = [&](const Action& action) {
    const std::optional<Action> needed = needed_by(schedule, action);
    if (!needed) return true;
    const auto& done = needed->op == Op::kForward ? forward_done : gradient_done;
    return done[cell(schedule, *needed)] != 0;
  };
  while (!awake.empty()) {
    const int rank = awake.back();
    awake.pop_back();
    const auto& actions = schedule.ranks[static_cast<std::size_t>(rank)];
    std::size_t& next = position[static_cast<std::size_t>(rank)];
    while (next < actions.size() && ready(actions[next])) {
      const Action& action = actions[next];
      visit(rank, next++);
      // A rank may be woken for nothing, at most once for each action.
      if (action.op == Op::kForward) {
        forward_done[cell(schedule, action)] = 1;
        if (action.stage + 1 < schedule.stage_count()) {
          awake.push_back(rank_of_stage(schedule, action.stage + 1, action.microbatch));
        }
      } else if (sends_gradient(action.op)) {
        gradient_done[cell(schedule, action)] = 1;
        if (action.stage > 0) {
          awake.push_back(rank_of_stage(schedule, action.stage - 1, action.microbatch));
        }
      }
    }
  }
  return position;
}

}  // namespace pipetrain
