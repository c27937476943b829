// Hanayo (Liu et al. 2023, section 3): stages go down the ranks and back up in w waves, v = 2w a
// rank. One copy of the model does what Chimera's two do; more waves make the bubble shorter.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

constexpr int kForwardTime = 1, kBackwardTime = 2;
constexpr int kNever = std::numeric_limits<int>::max();

// Each rank, when it is free, takes a backward if its gradient is there, the lowest stage's first,
// else the forward of the highest stage that can run, as long as the rank keeps p microbatches at
// most: those on its later stages find room, too.
class Wave {
 public:
  explicit Wave(const ScheduleSizes& sizes)
      : ranks_(sizes.ranks),
        stages_(sizes.ranks * sizes.virtual_stages),
        microbatches_(sizes.microbatches),
        limit_(sizes.ranks * sizes.virtual_stages),
        forwards_(index(stages_), 0),
        backwards_(forwards_),
        forward_ends_(index(stages_) * index(microbatches_), kNever),
        gradient_ends_(forward_ends_),
        free_(index(sizes.ranks), 0),
        live_(index(sizes.ranks), 0),
        actions_(index(sizes.ranks)) {
    for (int rank = 0; rank < ranks_; ++rank) {
      own_.push_back(stages_of_rank(Placement::kV, ranks_, sizes.virtual_stages, rank));
    }
  }

  RankActions run() {
    const int total = 2 * stages_ * microbatches_;
    for (int i = 0; i < total; ++i) {
      Choice first;
      for (int rank = 0; rank < ranks_; ++rank) {
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
    const std::vector<int>& stages = own_[index(rank)];
    Choice best;
    const auto offer = [&](Op op, int stage) {
      const int arrives = arrival(op, stage);
      if (arrives == kNever) return;
      const int start = std::max(free_[index(rank)], arrives);
      if (start < best.start) best = {start, rank, stage, op};
    };
    for (const int stage : stages) offer(Op::kBackward, stage);
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
      const int later = static_cast<int>(stage - stages.rbegin());
      if (live_[index(rank)] + 1 + later <= limit_) offer(Op::kForward, *stage);
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

  int ranks_, stages_, microbatches_, limit_;
  std::vector<std::vector<int>> own_;              // each rank's stages, ascending
  std::vector<int> forwards_, backwards_;          // done, per stage
  std::vector<int> forward_ends_, gradient_ends_;  // per stage and microbatch
  std::vector<int> free_, live_;                   // per rank
  RankActions actions_;
};

}  // namespace

// A B takes one cell. generate("hanayo", 2, 2, 3) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1 0F2 3F0 3B0 3F1 3B1 0B0     0B1     3F2 3B2         0B2
//       1F0 2F0 1F1 2F1 2B0 1B0 2B1 1B1 1F2 2F2         2B2 1B2
RankActions hanayo(const ScheduleSizes& sizes) { return Wave(sizes).run(); }

}  // namespace pipetrain::generators
