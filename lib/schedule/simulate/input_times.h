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

  // `pieces`: microbatches, or slices of all of them.
  InputTimes(MessageWays ways, int pieces)
      : pieces_(static_cast<std::size_t>(pieces)), ways_(std::move(ways)) {
    const std::size_t cells = ways_.up.size() * pieces_;
    activations_.assign(cells, 0);
    gradients_.assign(cells, 0);
    forget();
  }

  // As before anything has run.
  void forget() {
    const auto row = static_cast<std::ptrdiff_t>(pieces_);
    std::fill(activations_.begin() + row, activations_.end(), kNever);
    std::fill(gradients_.begin(), gradients_.end() - row, kNever);
    link_free_.assign(index(ways_.queues), 0);
  }

  // kNever if what the action needs has not run; 0 for W and R, which need nothing of other stages.
  double arrival(Op op, int stage, int piece) const {
    if (op == Op::kForward) return activations_[at(stage, piece)];
    if (!sends_gradient(op)) return 0;
    return gradients_[at(stage + 1, piece)];
  }

  // F is done, or I or B has its gradient. Who shares a link must call this in order of time.
  void ended(Op op, int stage, int piece, double end) {
    if (op == Op::kForward) {
      activations_[at(stage + 1, piece)] = sent(ways_.up[index(stage) + 1], end);
    }
    if (sends_gradient(op)) gradients_[at(stage, piece)] = sent(ways_.down[index(stage)], end);
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  std::size_t at(int border, int piece) const { return index(border) * pieces_ + index(piece); }

  // When it arrives.
  double sent(const MessageWay& way, double now) {
    if (way.queue < 0) return now + way.latency;
    double& free = link_free_[index(way.queue)];
    free = std::max(free, now) + way.busy;
    return free + way.latency;
  }

  std::size_t pieces_;
  MessageWays ways_;
  std::vector<double> activations_, gradients_;  // when those that cross a border are there
  std::vector<double> link_free_;                // per queue
};

}  // namespace pipetrain
