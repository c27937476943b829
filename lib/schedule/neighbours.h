// What follows from two actions of a rank that stand next to each other. Whoever runs a list and
// whoever foresees its memory ask here. It must not know how an action is executed.
#pragma once

#include <cstddef>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// Whether actions[at] is an I of the first stage and the next one its W. Nothing has to leave
// between them, so they run as one, layer by layer, and each layer's memory is free sooner.
inline bool is_joined(const std::vector<Action>& actions, std::size_t at) {
  const bool sends = actions[at].stage > 0;
  if (actions[at].op != Op::kBackwardInput || sends || at + 1 == actions.size()) return false;
  const Action& next = actions[at + 1];
  return next == actions[at].as(Op::kBackwardWeight);
}

// Whether what I or B needs of its own stage is there once `before` has run.
inline bool leaves_activations(const Action& before, const Action& backward) {
  return before == backward.as(Op::kForward) || before == backward.as(Op::kRecompute);
}

// Whether other work keeps an I or B apart from its F: what F leaves then waits. A rank's compute
// actions pass by in their order.
class Apart {
 public:
  // Whether this one is such an I or B.
  bool passes(const Action& action) {
    if (action.op == Op::kRecompute) return false;
    const bool apart = sends_gradient(action.op) && !leaves_activations(before_, action);
    before_ = action;
    return apart;
  }

 private:
  Action before_ = {Op::kReduceGrad, 0, 0};  // but for R
};

// Whether a rank's actions have such an I or B, by cell().
inline std::vector<bool> apart_cells(const Schedule& schedule, const std::vector<Action>& actions) {
  std::vector<bool> cells(cell_count(schedule));
  Apart apart;
  for (const Action& action : actions) {
    if (is_compute(action.op) && apart.passes(action)) cells[cell(schedule, action)] = true;
  }
  return cells;
}

}  // namespace pipetrain
