// Visits a schedule's actions in an order in which they can run: a rank's own order, and what an
// action needs first. The one place that knows these dependencies; validation, simulation and the
// bounds on messages are visitors.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// What all pieces of a vocabulary over the pipeline must have finished before `action` can run:
// their S before the last stage's I, which T then needs; or their S before T, and their T before
// that I.
inline std::optional<Op> needed_of_pieces(const Schedule& schedule, const Action& action) {
  const bool twice = schedule.has_two_barriers();
  if (twice && action.op == Op::kVocabularyBackward) return Op::kVocabularyForward;
  const bool ends = sends_gradient(action.op) && action.stage + 1 == schedule.stage_count();
  if (!ends || !schedule.cuts_vocabulary()) return std::nullopt;
  return twice ? Op::kVocabularyBackward : Op::kVocabularyForward;
}

// Calls each(needed) for what another stage or piece must have finished before `action` can run: F
// needs the stage below, I and B the stage above, and S the last stage's F; some need all pieces.
// What an action needs of its own stage lies on its own rank, where validate() checks the order.
template <class Each>
void for_each_needed(const Schedule& schedule, const Action& action, Each&& each) {
  const int last = schedule.stage_count() - 1;
  const auto on = [&](Op op, int stage) {
    return Action{op, stage, action.microbatch, action.slice};
  };
  if (const auto pieces = needed_of_pieces(schedule, action)) {
    for (int piece = 0; piece < schedule.rank_count(); ++piece) each(on(*pieces, piece));
  } else if (action.op == Op::kVocabularyForward) {
    each(on(Op::kForward, last));
  } else if (action.op == Op::kVocabularyBackward) {
    each(on(Op::kBackwardInput, last));
  } else if (action.op == Op::kForward && action.stage > 0) {
    each(on(Op::kForward, action.stage - 1));
  } else if (sends_gradient(action.op) && action.stage < last) {
    each(on(Op::kBackwardInput, action.stage + 1));
  }
}

// Which results there are that others may need, while actions run.
class ResultsSoFar {
 public:
  explicit ResultsSoFar(const Schedule& schedule) : schedule_(schedule) {
    const std::size_t cells = cell_count(schedule);
    forward_.assign(cells, 0);
    gradient_.assign(cells, 0);
    if (!schedule.cuts_vocabulary()) return;
    for (Pieces* pieces : {&forwards_, &backwards_}) {
      pieces->done.assign(cells, 0);
      pieces->left.assign(static_cast<std::size_t>(schedule.all_slices()), schedule.rank_count());
    }
  }

  void add(const Action& action) {
    const std::size_t at = cell(schedule_, action);
    if (action.op == Op::kForward) forward_[at] = 1;
    if (sends_gradient(action.op)) gradient_[at] = 1;
    const bool of_head =
        action.op == Op::kVocabularyForward || action.op == Op::kVocabularyBackward;
    if (!of_head || pieces(action.op).done[at] != 0) return;
    pieces(action.op).done[at] = 1;
    --pieces(action.op).left[static_cast<std::size_t>(schedule_.slice_number(action))];
  }
  bool has(const Action& result) const {
    const std::size_t at = cell(schedule_, result);
    if (result.op == Op::kForward) return forward_[at] != 0;
    return (is_of_piece(result.op) ? pieces(result.op).done : gradient_)[at] != 0;
  }
  // Whether all that the action needs is there.
  bool allow(const Action& action) const {
    if (const auto needed = needed_of_pieces(schedule_, action)) {
      return pieces(*needed).left[static_cast<std::size_t>(schedule_.slice_number(action))] == 0;
    }
    bool all = true;
    for_each_needed(schedule_, action, [&](const Action& needed) { all = all && has(needed); });
    return all;
  }

 private:
  struct Pieces {
    std::vector<char> done;  // by cell()
    std::vector<int> left;   // per slice: pieces that have not done it
  };
  Pieces& pieces(Op op) { return op == Op::kVocabularyForward ? forwards_ : backwards_; }
  const Pieces& pieces(Op op) const {
    return op == Op::kVocabularyForward ? forwards_ : backwards_;
  }

  const Schedule& schedule_;
  std::vector<char> forward_, gradient_;  // by cell()
  Pieces forwards_, backwards_;           // S and T
};

// Calls wake(rank) for the ranks that may have waited for what `action` has made.
template <class Wake>
void for_each_waiting(const Schedule& schedule, const Action& action, Wake&& wake) {
  const int last = schedule.stage_count() - 1;
  const bool gradient = sends_gradient(action.op);
  const auto wake_stage = [&](int stage) {
    wake(rank_of_stage(schedule, stage, action.microbatch));
  };
  const bool twice = schedule.has_two_barriers();
  const bool ends = schedule.cuts_vocabulary() && action.stage == last;
  if (action.op == Op::kForward && action.stage < last) {
    wake_stage(action.stage + 1);
  } else if (action.op == (twice ? Op::kVocabularyBackward : Op::kVocabularyForward)) {
    wake_stage(last);
  } else if ((twice && action.op == Op::kVocabularyForward) ||
             (ends && (action.op == Op::kForward || (gradient && !twice)))) {
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
      // A rank may be woken for nothing, at most once for each action that it waits for.
      for_each_waiting(schedule, action, [&](int waiting) { awake.push_back(waiting); });
    }
  }
  return position;
}

}  // namespace pipetrain
