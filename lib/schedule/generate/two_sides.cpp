#include "schedule/generate/two_sides.h"

#include <deque>
#include <utility>

namespace pipetrain::generators {
namespace {

class SidesWriter {
 public:
  explicit SidesWriter(const TwoSides& sides) : sides_(sides) {}

  void forward_near() { forward(sides_.near); }
  void forward_far() { forward(sides_.far); }
  // The whole backward or, later on, its input gradient alone with the weights put off.
  void backward_near(bool split = false) { backward(sides_.near, split); }
  void backward_far(bool split = false) { backward(sides_.far, split); }
  void oldest_weight() {
    if (weights_.empty()) return;
    actions_.push_back(weights_.front());
    weights_.pop_front();
  }
  std::vector<Action> take() && { return std::move(actions_); }

 private:
  void forward(TwoSides::Side& side) {
    actions_.push_back({Op::kForward, side.stage, side.first + side.forwards++});
  }
  void backward(TwoSides::Side& side, bool split) {
    const int m = side.first + side.backwards++;
    actions_.push_back({split ? Op::kBackwardInput : Op::kBackward, side.stage, m});
    if (split) weights_.push_back({Op::kBackwardWeight, side.stage, m});
  }

  TwoSides sides_;
  std::deque<Action> weights_;
  std::vector<Action> actions_;
};

}  // namespace

std::vector<Action> two_sided_rank(int ranks, int rank, int microbatches, const TwoSides& sides) {
  SidesWriter writer(sides);
  const int hops = ranks - 1 - rank;
  for (int i = 0; i < 2 * hops; ++i) writer.forward_near();
  for (int i = 0; i < rank + 1; ++i) {
    writer.forward_near();
    writer.forward_far();
  }
  for (int i = 0; i < hops; ++i) {
    writer.backward_far(true);
    writer.oldest_weight();
    writer.forward_far();
  }
  for (int i = 0; i < microbatches - 2 * ranks + rank + 1; ++i) {
    writer.forward_near();
    writer.backward_far();
    writer.forward_far();
    writer.backward_near();
  }
  for (int i = 0; i < hops; ++i) {
    writer.backward_far();
    writer.forward_far();
    writer.backward_near();
  }
  // The second half of what is left puts its weights off, to fill the drain.
  const int half = (rank + 1) / 2;
  for (int i = 0; i < rank + 1; ++i) {
    writer.backward_far(i > half || (i == half && rank % 2 == 1));
    writer.backward_near(i >= half);
  }
  for (int i = 0; i < hops; ++i) {
    writer.oldest_weight();
    writer.backward_near(true);
  }
  for (int i = 0; i < rank + 1; ++i) writer.oldest_weight();
  return std::move(writer).take();
}

}  // namespace pipetrain::generators
