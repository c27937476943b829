// ZB-V (Qi et al. 2024, section 6): two stages per rank placed down and back up, so that the first
// rank also ends the forward and begins the backward. PyTorch's ScheduleZBVZeroBubble.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

// Emits the actions of one rank; `down` is its stage on the way down, `up` the one on the way back.
// Each F, I and W of a stage takes the next microbatch. Microbatches from `microbatches` on only
// shape the schedule and are left out.
class ZbvWriter {
 public:
  ZbvWriter(int down, int up, int microbatches) : stages_{down, up}, microbatches_(microbatches) {}

  enum Side { kDown = 0, kUp = 1 };

  void add(Op op, Side side) {
    const int m = count_[static_cast<std::size_t>(op)][side]++;
    if (m < microbatches_) actions_.push_back({op, stages_[side], m});
  }
  void add_backward(Side side) {
    add(Op::kBackwardInput, side);
    add(Op::kBackwardWeight, side);
  }
  int count(Op op, Side side) const { return count_[static_cast<std::size_t>(op)][side]; }
  std::vector<Action> take() && { return std::move(actions_); }

 private:
  std::array<int, 2> stages_;
  int microbatches_;
  std::array<std::array<int, 2>, 3> count_{};  // per F, I, W and side
  std::vector<Action> actions_;
};

std::vector<Action> zbv_rank(int ranks, int rank, int microbatches) {
  using enum ZbvWriter::Side;
  // Fewer microbatches than fill the pipeline: the schedule of as many as do, without those that
  // are not there.
  const int full = std::max(2 * ranks - 1, microbatches);
  ZbvWriter writer(rank, 2 * ranks - 1 - rank, microbatches);
  const auto forwards = [&](ZbvWriter::Side side) { return writer.count(Op::kForward, side); };
  // Warm-up.
  for (int i = 0; i < 2 * (ranks - rank) - 1; ++i) writer.add(Op::kForward, kDown);
  for (int i = 0; i < rank; ++i) {
    writer.add(Op::kForward, kUp);
    writer.add(Op::kForward, kDown);
  }
  for (int i = 0; i < ranks - rank; ++i) {
    writer.add(Op::kForward, kUp);
    writer.add_backward(kUp);
  }
  // Steady.
  while (forwards(kUp) < forwards(kDown) || forwards(kDown) < full) {
    if (forwards(kDown) < full) writer.add(Op::kForward, kDown);
    writer.add_backward(kDown);
    writer.add(Op::kForward, kUp);
    writer.add_backward(kUp);
  }
  // Cool-down: weight gradients fill what waiting there is.
  for (int i = 0; i < rank; ++i) {
    writer.add(Op::kBackwardInput, kDown);
    writer.add(Op::kBackwardInput, kUp);
  }
  for (int i = 0; i < ranks - rank; ++i) writer.add_backward(kDown);
  while (writer.count(Op::kBackwardWeight, kUp) < full) writer.add(Op::kBackwardWeight, kUp);
  while (writer.count(Op::kBackwardWeight, kDown) < full) writer.add(Op::kBackwardWeight, kDown);
  return std::move(writer).take();
}

}  // namespace

// generate("zbv", 2, 2, 3) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1 0F2 3F0 3I0 3W0 3F1 3I1 3W1 0I0 0W0 3F2 3I2 3W2 0I1 0W1 0I2 0W2
//       1F0 2F0 1F1 2F1 2I0 2W0 1F2 1I0 1W0 2F2 2I1 2W1 1I1 2I2 1I2 1W1 2W2 1W2
RankActions zbv(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    all.push_back(zbv_rank(sizes.ranks, rank, sizes.microbatches));
  }
  return all;
}

}  // namespace pipetrain::generators
