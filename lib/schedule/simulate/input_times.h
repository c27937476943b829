// When what an action needs of another stage is there: simulations and the search for schedules all
// ask here. It must not know in which order a rank works.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// F needs the result of the stage below, I and B the gradient of the stage above (needed_by() in
// schedule/walk.h says the same of a listed action). Between two ranks it travels for a while. The
// model's two ends have their inputs from the start.
class InputTimes {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  InputTimes(const std::vector<int>& rank_of_stage, int microbatches, double message)
      : microbatches_(static_cast<std::size_t>(microbatches)), way_(rank_of_stage.size() + 1) {
    for (std::size_t s = 1; s < rank_of_stage.size(); ++s) {
      way_[s] = rank_of_stage[s] != rank_of_stage[s - 1] ? message : 0;
    }
    const std::size_t cells = way_.size() * microbatches_;
    activations_.assign(cells, 0);
    gradients_.assign(cells, 0);
    forget();
  }

  // As before anything has run.
  void forget() {
    const auto row = static_cast<std::ptrdiff_t>(microbatches_);
    std::fill(activations_.begin() + row, activations_.end(), kNever);
    std::fill(gradients_.begin(), gradients_.end() - row, kNever);
  }

  // kNever if what the action needs has not run; 0 for W and R, which need nothing of other stages.
  double arrival(Op op, int stage, int microbatch) const {
    if (op == Op::kForward) return activations_[at(stage, microbatch)] + way_[index(stage)];
    if (!sends_gradient(op)) return 0;
    return gradients_[at(stage + 1, microbatch)] + way_[index(stage) + 1];
  }

  // F is done, or I or B has its gradient.
  void ended(Op op, int stage, int microbatch, double end) {
    if (op == Op::kForward) activations_[at(stage + 1, microbatch)] = end;
    if (sends_gradient(op)) gradients_[at(stage, microbatch)] = end;
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  std::size_t at(int border, int microbatch) const {
    return index(border) * microbatches_ + index(microbatch);
  }

  std::size_t microbatches_;
  // Border s lies between stages s - 1 and s; 0 and the last one are the model's ends.
  std::vector<double> way_;                      // that a message takes across it
  std::vector<double> activations_, gradients_;  // when those that cross it were made
};

}  // namespace pipetrain
