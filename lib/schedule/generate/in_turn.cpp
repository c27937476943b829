#include "schedule/generate/in_turn.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "base/index.h"

namespace pipetrain::generators {
namespace {

constexpr int kForwardTime = 1, kBackwardTime = 2;
constexpr int kNever = std::numeric_limits<int>::max();

class Ranks {
 public:
  Ranks(const Placement& placement, int microbatches, const MayBegin& may_begin)
      : placement_(placement),
        stages_(placement.stage_count()),
        microbatches_(microbatches),
        may_begin_(may_begin),
        forwards_(index(stages_), 0),
        backwards_(forwards_),
        forward_ends_(index(stages_) * index(microbatches_), kNever),
        gradient_ends_(forward_ends_),
        free_(index(placement.rank_count()), 0),
        live_(free_),
        actions_(free_.size()) {}

  RankActions run() {
    const int total = 2 * stages_ * microbatches_;
    for (int i = 0; i < total; ++i) {
      Choice first;
      for (int rank = 0; rank < placement_.rank_count(); ++rank) {
        const Choice choice = choose(rank);
        if (choice.start < first.start) first = choice;
      }
      take(first);
    }
    return std::move(actions_);
  }

 private:
  struct Choice {
    int start = kNever, rank = 0, stage = 0;
    Op op = Op::kForward;
  };

  std::size_t cell(int stage, int m) const {
    return index(stage) * index(microbatches_) + index(m);
  }

  int arrival(Op op, int stage) const {
    const bool forward = op == Op::kForward;
    const int m = forward ? forwards_[index(stage)] : backwards_[index(stage)];
    if (m == (forward ? microbatches_ : forwards_[index(stage)])) return kNever;
    if (forward) return stage == 0 ? 0 : forward_ends_[cell(stage - 1, m)];
    const bool last = stage + 1 == stages_;
    return last ? forward_ends_[cell(stage, m)] : gradient_ends_[cell(stage + 1, m)];
  }

  Choice choose(int rank) const {
    const std::vector<int>& stages = placement_.stages_of(rank);
    Choice best;
    const auto offer = [&](Op op, int stage) {
      const int arrives = arrival(op, stage);
      if (arrives == kNever) return;
      const int start = std::max(free_[index(rank)], arrives);
      if (start < best.start) best = {start, rank, stage, op};
    };
    for (const int stage : stages) offer(Op::kBackward, stage);
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
      const InFlight live{forwards_[index(*stage)] - backwards_[index(*stage)], live_[index(rank)],
                          static_cast<int>(stage - stages.rbegin())};
      if (may_begin_(*stage, live)) offer(Op::kForward, *stage);
    }
    return best;
  }

  void take(const Choice& choice) {
    const bool forward = choice.op == Op::kForward;
    int& m = (forward ? forwards_ : backwards_)[index(choice.stage)];
    const int end = choice.start + (forward ? kForwardTime : kBackwardTime);
    (forward ? forward_ends_ : gradient_ends_)[cell(choice.stage, m)] = end;
    free_[index(choice.rank)] = end;
    live_[index(choice.rank)] += forward ? 1 : -1;
    actions_[index(choice.rank)].push_back({choice.op, choice.stage, m++});
  }

  const Placement& placement_;
  int stages_, microbatches_;
  const MayBegin& may_begin_;
  std::vector<int> forwards_, backwards_;          // done, per stage
  std::vector<int> forward_ends_, gradient_ends_;  // per stage and microbatch
  std::vector<int> free_, live_;                   // per rank
  RankActions actions_;
};

}  // namespace

RankActions whatever_comes_first(const Placement& placement, int microbatches,
                                 const MayBegin& may_begin) {
  return Ranks(placement, microbatches, may_begin).run();
}

}  // namespace pipetrain::generators
