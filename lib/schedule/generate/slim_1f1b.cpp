// 1F1B of slices that keeps hardly more than one microbatch: what Seq1F1B (Sun et al.,
// arXiv:2406.03488, section 3.2) keeps beside it grows with the ranks, here it is one slice.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "base/index.h"
#include "schedule/generate/schedule_kind.h"
#include "schedule/generate/slices.h"

namespace pipetrain::generators {
namespace {

constexpr int kNever = std::numeric_limits<int>::max();

// F, I and W of a slice take a unit of time each, and an input gradient leaves after I, as it runs.
class SlimRanks {
 public:
  explicit SlimRanks(const ScheduleSizes& sizes)
      : slices_(sizes.slices), count_(sizes.microbatches * sizes.slices) {
    ranks_.resize(index(sizes.ranks));
    for (Rank& rank : ranks_) {
      rank.forward_ends.reserve(index(count_));
      rank.gradient_ends.reserve(index(count_));
    }
  }

  RankActions run() {
    const std::size_t all = 2 * ranks_.size() * index(count_);
    for (std::size_t i = 0; i < all; ++i) {
      Choice first;
      for (std::size_t r = 0; r < ranks_.size(); ++r) {
        for (const bool forward : {true, false}) {
          const int at = start(r, forward);
          if (at < first.start) first = {at, r, forward};
        }
      }
      take(first);
    }
    RankActions actions;
    for (Rank& rank : ranks_) actions.push_back(std::move(rank.actions));
    return actions;
  }

 private:
  struct Rank {
    int free = 0;
    std::vector<int> forward_ends, gradient_ends;  // of those that have run, in their order
    std::vector<Action> actions;
    int forwards() const { return static_cast<int>(forward_ends.size()); }
    int backwards() const { return static_cast<int>(gradient_ends.size()); }
  };
  struct Choice {
    int start = kNever;
    std::size_t rank = 0;
    bool forward = true;
  };

  // A slice of the next microbatch begins for each that is through backwards of the one before, the
  // first one with the first; the last one before all are, so that no rank waits for a whole
  // microbatch.
  bool may_begin(int forward, int backwards) const {
    const int through = backwards - (forward / slices_ - 1) * slices_;
    return through >= std::min(forward % slices_ + 1, slices_ - 1);
  }

  // Of the rank's next forward or backward; kNever if it cannot run yet.
  int start(std::size_t r, bool forward) const {
    const Rank& rank = ranks_[r];
    const int next = forward ? rank.forwards() : rank.backwards();
    if (next == count_) return kNever;
    int arrives = 0;
    if (forward) {
      if (!may_begin(next, rank.backwards())) return kNever;
      if (r > 0) arrives = end_of(ranks_[r - 1].forward_ends, next);
    } else if (r + 1 < ranks_.size()) {
      arrives = end_of(ranks_[r + 1].gradient_ends, next);
    } else if (rank.forwards() < (next / slices_ + 1) * slices_) {
      return kNever;
    }
    return std::max(rank.free, arrives);
  }
  static int end_of(const std::vector<int>& ends, int number) {
    return index(number) < ends.size() ? ends[index(number)] : kNever;
  }

  void take(const Choice& choice) {
    Rank& rank = ranks_[choice.rank];
    const int stage = static_cast<int>(choice.rank);
    if (choice.forward) {
      rank.actions.push_back(forward_of(stage, rank.forwards(), slices_));
      rank.forward_ends.push_back(rank.free = choice.start + 1);
    } else {
      rank.actions.push_back(backward_of(stage, rank.backwards(), slices_));
      rank.gradient_ends.push_back(choice.start + 1);
      rank.free = choice.start + 2;
    }
  }

  int slices_, count_;
  std::vector<Rank> ranks_;
};

}  // namespace

// Each rank keeps one slice more than a microbatch at most, and takes what comes first, forwards
// before backwards. generate("slim-1f1b", 2, 1, 4):
//   F0 F1       B0 F2 B1 F3 B2    B3
//      F0 F1 B0 B1    F2 B2 F3 B3
// With more slices it waits less. generate("slim-1f1b", 2, 1, 2, 2):
//   F0   F0.1           B0.1 F1   F1.1 B0        B1.1 B1
//        F0   F0.1 B0.1 B0        F1   F1.1 B1.1 B1
RankActions slim_one_forward_one_backward(const ScheduleSizes& sizes) {
  return SlimRanks(sizes).run();
}

}  // namespace pipetrain::generators
