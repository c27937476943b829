// When what an action needs of another stage is there: simulations and the search for schedules all
// ask here. It must not know in which order a rank works.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/network.h"

namespace pipetrain {

// F needs the result of the stage below, I and B the gradient of the stage above (needed_by() in
// schedule/walk.h says the same of a listed action). Between two ranks it travels for a while, and
// waits before that for those that were sent earlier on the same link. The model's two ends have
// their inputs from the start.
class InputTimes {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  // Of steps that follow each other: `microbatches` of one, in so many slices each.
  InputTimes(MessageWays ways, int microbatches, int slices = 1, int steps = 1)
      : microbatches_(microbatches),
        slices_(slices),
        columns_(index(microbatches) * index(slices) * index(steps)),
        borders_(ways.up.size() / index(ways.copies)),
        ways_(std::move(ways)) {
    const std::size_t cells = borders_ * columns_;
    activations_.assign(cells, 0);
    gradients_.assign(cells, 0);
    forget();
  }

  // As before anything has run.
  void forget() {
    const auto row = static_cast<std::ptrdiff_t>(columns_);
    std::fill(activations_.begin() + row, activations_.end(), kNever);
    std::fill(gradients_.begin(), gradients_.end() - row, kNever);
    link_free_.assign(index(ways_.queues), 0);
  }

  // kNever if what the action needs has not run; 0 for W and R, which need nothing of other stages.
  double arrival(Op op, int stage, int slice) const {
    if (op == Op::kForward) return activations_[at(stage, slice)];
    if (!sends_gradient(op)) return 0;
    return gradients_[at(stage + 1, slice)];
  }

  // F is done, or I or B has its gradient. Who shares a link must call this in order of time.
  void ended(Op op, int stage, int slice, double end) {
    if (op == Op::kForward) {
      activations_[at(stage + 1, slice)] = sent(ways_.up[way(stage + 1, slice)], end);
    }
    if (sends_gradient(op)) {
      gradients_[at(stage, slice)] = sent(ways_.down[way(stage, slice)], end);
    }
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  std::size_t at(int border, int slice) const { return index(border) * columns_ + index(slice); }

  // Of the microbatch's copy of the stages.
  std::size_t way(int border, int slice) const {
    const int microbatch = slice / slices_ % microbatches_;
    return index(copy_of_microbatch(microbatch, microbatches_, ways_.copies)) * borders_ +
           index(border);
  }

  // When it arrives.
  double sent(const MessageWay& way, double now) {
    if (way.queue < 0) return now + way.latency;
    double& free = link_free_[index(way.queue)];
    free = std::max(free, now) + way.busy;
    return free + way.latency;
  }

  int microbatches_, slices_;     // of a step; of a microbatch
  std::size_t columns_, borders_;  // slices of all steps; of one copy of the stages
  MessageWays ways_;
  std::vector<double> activations_, gradients_;  // when those that cross a border are there
  std::vector<double> link_free_;                // per queue
};

}  // namespace pipetrain
