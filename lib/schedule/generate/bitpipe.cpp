// BitPipe (Wu, Chen and Yu 2024, arXiv 2410.19367): two V-shaped pipelines of two stages a rank in
// opposite directions over the same ranks, each on its own copy of the stages. The turn of each V
// needs no message, and one direction works where the other would wait.
#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "base/index.h"
#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

constexpr int kStages = 2;  // a rank's, of each direction
constexpr int kForwardSlots = 1, kBackwardSlots = 2;
constexpr int kNever = std::numeric_limits<int>::max();

// p microbatches make a unit, half of them from each end; every second slot one enters, and F takes
// a slot, B two. If all keep to this no two forwards of a unit want a rank in the same slot, and no
// two backwards either, with p even. Where a forward meets a backward it waits, as do those behind
// it. The next unit begins when the first microbatch of the one before is back, as is drawn for
// "direct concatenation" (github.com/wuhouming/BitPipe, docs/BitPipe_images/scale-moreb.svg).
class TwoVs {
 public:
  TwoVs(Placement placement, int microbatches)
      : placement_(std::move(placement)),
        stages_(placement_.stage_count()),
        unit_(placement_.rank_count() / 2),
        half_(microbatches / 2),
        forward_ends_(index(stages_) * index(microbatches), kNever),
        backward_ends_(forward_ends_),
        ranks_(index(placement_.rank_count())) {
    for (int m = 0; m < microbatches; ++m) {
      for (int stage = 0; stage < stages_; ++stage) plan(stage, m);
    }
    for (Rank& rank : ranks_) {
      std::ranges::sort(rank.forwards, {}, &Due::slot);
      std::ranges::sort(rank.backwards, {}, &Due::slot);
    }
  }

  RankActions run() {
    std::size_t left = forward_ends_.size() + backward_ends_.size();
    for (int slot = 0; left > 0; ++slot) {
      for (Rank& rank : ranks_) {
        if (rank.free <= slot && begin_one(rank, slot)) --left;
      }
    }
    RankActions all;
    for (Rank& rank : ranks_) all.push_back(std::move(rank.actions));
    return all;
  }

 private:
  struct Due {
    int slot;
    Action action;
  };
  struct Rank {
    std::deque<Due> forwards, backwards;  // that are still to run, in this order
    int free = 0;                         // from this slot on
    std::vector<Action> actions;
  };

  int place(int m) const { return m % half_; }  // of a microbatch in its direction
  int cell(int stage, int m) const { return m * stages_ + stage; }

  void plan(int stage, int m) {
    const int unit = place(m) / unit_, i = place(m) % unit_;
    const int begin = unit * 2 * unit_ * kStages * (kForwardSlots + kBackwardSlots);
    Rank& rank = ranks_[index(placement_.rank_of(stage, m < half_ ? 0 : 1))];
    rank.forwards.push_back({begin + 2 * i + stage, {Op::kForward, stage, m}});
    rank.backwards.push_back({begin + stages_ + kBackwardSlots * (2 * i + stages_ - 1 - stage),
                              {Op::kBackward, stage, m}});
  }

  // A backward if it is due and has its gradient, else a forward if it has its input.
  bool begin_one(Rank& rank, int slot) {
    if (!rank.backwards.empty()) {
      const auto& [due, action] = rank.backwards.front();
      if (std::max(due, gradient_at(action)) <= slot) {
        take(rank, rank.backwards, slot + kBackwardSlots, backward_ends_);
        return true;
      }
    }
    if (rank.forwards.empty() || input_at(rank.forwards.front().action) > slot) return false;
    take(rank, rank.forwards, slot + kForwardSlots, forward_ends_);
    return true;
  }

  void take(Rank& rank, std::deque<Due>& queue, int end, std::vector<int>& ends) {
    const Action action = queue.front().action;
    queue.pop_front();
    rank.actions.push_back(action);
    rank.free = ends[index(cell(action.stage, action.microbatch))] = end;
  }

  int input_at(const Action& forward) const {
    const int m = forward.microbatch;
    if (forward.stage > 0) return forward_ends_[index(cell(forward.stage - 1, m))];
    const int i = place(m), first_before = (i / unit_ - 1) * unit_;
    return i < unit_ ? 0 : backward_ends_[index(cell(0, m - i + first_before))];
  }

  int gradient_at(const Action& backward) const {
    const int stage = backward.stage, m = backward.microbatch;
    return stage + 1 == stages_ ? forward_ends_[index(cell(stage, m))]
                                : backward_ends_[index(cell(stage + 1, m))];
  }

  Placement placement_;
  int stages_;
  int unit_, half_;                                // microbatches of one direction
  std::vector<int> forward_ends_, backward_ends_;  // slots, per microbatch and stage
  std::vector<Rank> ranks_;
};

}  // namespace

Placement two_vs(int ranks, int virtual_stages) {
  return Placement::both_ways(Placement::wave(ranks, virtual_stages));
}

// clang-format off
// generate("bitpipe", 4, 2, 4) (stages 0, 3, 4, 7 on ranks 0 and 3, the others on 1 and 2); a B takes one cell:
//   0F0 0F1     3F2 4F2 3F3 4F3 7F0 7B0 7F1 7B1 4B2 3B2 4B3 3B3 0B0     0B1
//       1F0 2F2 1F1 2F3 5F2 6F0 5F3 6F1 6B0 5B2 6B1 5B3 2B2 1B0 2B3 1B1
//       1F2 2F0 1F3 2F1 5F0 6F2 5F1 6F3 6B2 5B0 6B3 5B1 2B0 1B2 2B1 1B3
//   0F2 0F3     3F0 4F0 3F1 4F1 7F2 7B2 7F3 7B3 4B0 3B0 4B1 3B1 0B2     0B3
// clang-format on
RankActions bitpipe(const ScheduleSizes& sizes) {
  return TwoVs(two_vs(sizes.ranks, sizes.virtual_stages), sizes.microbatches).run();
}

}  // namespace pipetrain::generators
