// Visits a schedule's actions in an order in which they can run: a rank's own order, and what an
// action needs first. The one place that knows these dependencies; validation, simulation and the
// bounds on messages are visitors.
#pragma once

#include <cstddef>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// Calls each(needed) for what another stage or piece must have finished before `action` can run: F
// needs the stage below, I and B the stage above. Where the vocabulary is over the pipeline, S
// needs the last stage's F, the last stage's I the S of all pieces, and T that I. What an action
// needs of its own stage lies on its own rank, where validate() checks the order.
template <class Each>
void for_each_needed(const Schedule& schedule, const Action& action, Each&& each) {
  const int last = schedule.stage_count() - 1;
  const auto on = [&](Op op, int stage) {
    return Action{op, stage, action.microbatch, action.slice};
  };
  if (action.op == Op::kVocabularyForward) {
    each(on(Op::kForward, last));
  } else if (action.op == Op::kVocabularyBackward) {
    each(on(Op::kBackwardInput, last));
  } else if (action.op == Op::kForward && action.stage > 0) {
    each(on(Op::kForward, action.stage - 1));
  } else if (sends_gradient(action.op) && action.stage < last) {
    each(on(Op::kBackwardInput, action.stage + 1));
  } else if (sends_gradient(action.op) && schedule.vocabulary) {
    for (int piece = 0; piece < schedule.rank_count(); ++piece) {
      each(on(Op::kVocabularyForward, piece));
    }
  }
}

// Which results there are that others may need, while actions run.
class ResultsSoFar {
 public:
  explicit ResultsSoFar(const Schedule& schedule) : schedule_(schedule) {
    const std::size_t cells = cell_count(schedule);
    forward_.assign(cells, 0);
    gradient_.assign(cells, 0);
    if (!schedule.vocabulary) return;
    pieces_.assign(cells, 0);
    left_.assign(static_cast<std::size_t>(schedule.all_slices()), schedule.rank_count());
  }

  void add(const Action& action) {
    const std::size_t at = cell(schedule_, action);
    if (action.op == Op::kForward) forward_[at] = 1;
    if (sends_gradient(action.op)) gradient_[at] = 1;
    if (action.op != Op::kVocabularyForward || pieces_[at] != 0) return;
    pieces_[at] = 1;
    --left_[static_cast<std::size_t>(schedule_.slice_number(action))];
  }
  bool has(const Action& result) const {
    const std::size_t at = cell(schedule_, result);
    if (result.op == Op::kForward) return forward_[at] != 0;
    return (result.op == Op::kVocabularyForward ? pieces_ : gradient_)[at] != 0;
  }
  // Whether all that the action needs is there.
  bool allow(const Action& action) const {
    if (schedule_.vocabulary && sends_gradient(action.op) &&
        action.stage + 1 == schedule_.stage_count()) {
      return left_[static_cast<std::size_t>(schedule_.slice_number(action))] == 0;
    }
    bool all = true;
    for_each_needed(schedule_, action, [&](const Action& needed) { all = all && has(needed); });
    return all;
  }

 private:
  const Schedule& schedule_;
  std::vector<char> forward_, gradient_, pieces_;  // by cell()
  std::vector<int> left_;                          // per slice: pieces without their S
};

// Calls wake(rank) for the ranks that may have waited for what `action` has made.
template <class Wake>
void for_each_waiting(const Schedule& schedule, const Action& action, Wake&& wake) {
  const int last = schedule.stage_count() - 1;
  const bool gradient = sends_gradient(action.op);
  const auto wake_stage = [&](int stage) {
    wake(rank_of_stage(schedule, stage, action.microbatch));
  };
  if (action.op == Op::kForward && action.stage < last) {
    wake_stage(action.stage + 1);
  } else if (action.op == Op::kVocabularyForward) {
    wake_stage(last);
  } else if (schedule.vocabulary && action.stage == last &&
             (gradient || action.op == Op::kForward)) {
    for (int rank = 0; rank < schedule.rank_count(); ++rank) wake(rank);
  }
  if (gradient && action.stage > 0) wake_stage(action.stage - 1);
}

// Calls visit(rank, position) once for each action that can run, linear in their number. Returns
// how many actions of each rank were visited: all of them unless the schedule deadlocks. Stages,
// pieces, microbatches and slices must be in range.
template <class Visit>
std::vector<std::size_t> walk(const Schedule& schedule, Visit&& visit) {
  ResultsSoFar results(schedule);
  std::vector<std::size_t> position(schedule.ranks.size(), 0);
  std::vector<int> awake;
  for (int rank = schedule.rank_count() - 1; rank >= 0; --rank) awake.push_back(rank);
  while (!awake.empty()) {
    const int rank = awake.back();
    awake.pop_back();
    const auto& actions = schedule.ranks[static_cast<std::size_t>(rank)];
    std::size_t& next = position[static_cast<std::size_t>(rank)];
    while (next < actions.size() && results.allow(actions[next])) {
      const Action& action = actions[next];
      visit(rank, next++);
      if (!is_compute(action.op)) continue;
      results.add(action);
      // A rank may be woken for nothing, at most once for each action.
      for_each_waiting(schedule, action, [&](int waiting) { awake.push_back(waiting); });
    }
  }
  return position;
}

}  // namespace pipetrain
