// DualPipeV: the V-shaped half of DualPipe (DeepSeek-V3 report 2024, section 3.2.1;
// deepseek-ai/DualPipe). Where the published schedule overlaps a forward with a backward, the two
// come here one after the other.
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {
namespace {

class RankWriter {
 public:
  RankWriter(int down, int up) : down_{down}, up_{up} {}

  void forward_down() { forward(down_); }
  void forward_up() { forward(up_); }
  // The whole backward or, later on, its input gradient alone with the weights put off.
  void backward_down(bool split = false) { backward(down_, split); }
  void backward_up(bool split = false) { backward(up_, split); }
  void oldest_weight() {
    if (weights_.empty()) return;
    actions_.push_back(weights_.front());
    weights_.pop_front();
  }
  std::vector<Action> take() && { return std::move(actions_); }

 private:
  struct Side {
    int stage;
    int forwards = 0, backwards = 0;
  };

  void forward(Side& side) { actions_.push_back({Op::kForward, side.stage, side.forwards++}); }
  void backward(Side& side, bool split) {
    const int m = side.backwards++;
    actions_.push_back({split ? Op::kBackwardInput : Op::kBackward, side.stage, m});
    if (split) weights_.push_back({Op::kBackwardWeight, side.stage, m});
  }

  Side down_, up_;
  std::deque<Action> weights_;
  std::vector<Action> actions_;
};

std::vector<Action> dualpipev_rank(int ranks, int rank, int microbatches) {
  RankWriter writer(rank, 2 * ranks - 1 - rank);
  const int hops = ranks - 1 - rank;
  for (int i = 0; i < 2 * hops; ++i) writer.forward_down();
  for (int i = 0; i < rank + 1; ++i) {
    writer.forward_down();
    writer.forward_up();
  }
  for (int i = 0; i < hops; ++i) {
    writer.backward_up(true);
    writer.oldest_weight();
    writer.forward_up();
  }
  for (int i = 0; i < microbatches - 2 * ranks + rank + 1; ++i) {
    writer.forward_down();
    writer.backward_up();
    writer.forward_up();
    writer.backward_down();
  }
  for (int i = 0; i < hops; ++i) {
    writer.backward_up();
    writer.forward_up();
    writer.backward_down();
  }
  // The second half of what is left puts its weights off, to fill the drain.
  const int half = (rank + 1) / 2;
  for (int i = 0; i < rank + 1; ++i) {
    writer.backward_up(i > half || (i == half && rank % 2 == 1));
    writer.backward_down(i >= half);
  }
  for (int i = 0; i < hops; ++i) {
    writer.oldest_weight();
    writer.backward_down(true);
  }
  for (int i = 0; i < rank + 1; ++i) writer.oldest_weight();
  return std::move(writer).take();
}

}  // namespace

// clang-format off
// generate("dualpipev", 2, 2, 4) (stages 0 and 3, stages 1 and 2); a B takes two cells:
//   0F0 0F1 0F2 3F0 3I0 3W0 3F1 0F3 3B1     3F2 0B0     3B2     3F3     0B1     3B3     0I2 0W2 0I3 0W3
//       1F0 2F0 1F1 2F1 1F2 2B0     2F2 1B0     1F3 2B1     2F3 1B1     2B2     1B2     2I3 1I3 2W3 1W3
// clang-format on
RankActions dualpipev(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    all.push_back(dualpipev_rank(sizes.ranks, rank, sizes.microbatches));
  }
  return all;
}

std::optional<std::string> fewer_than_two_per_rank(const ScheduleSizes& sizes) {
  if (sizes.microbatches >= 2 * sizes.ranks) return std::nullopt;
  return "it needs two microbatches per rank; take M=" + std::to_string(2 * sizes.ranks) +
         " or more";
}

}  // namespace pipetrain::generators
