#include "emulate/wait_layer.h"

#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

constexpr double kLayerSeconds = 2e-3;
constexpr int kMostLayers = 256;  // of a stage: longer waits are cut into longer layers
// A sleeper wakes late, mostly by less than this. The end of an action is waited for awake: short
// enough to cost no other rank its core.
constexpr double kSpinSeconds = 60e-6;

Tensor zeros(const Context& context, Shape shape) {
  Tensor tensor(context.ops.pool(), shape);
  std::memset(tensor.data(), 0, tensor.bytes());
  return tensor;
}

// The tensor itself where it has the wanted shape, of one row, and type.
Tensor handed_on(const Context& context, Tensor tensor, Shape row) {
  const Shape wanted = row.batched(1);
  const bool same = tensor.dtype() == DType::kFloat32 && tensor.shape() == wanted;
  return same ? std::move(tensor) : zeros(context, wanted);
}

void sleep_until(double seconds) {
  const double whole = std::floor(seconds);
  const timespec until{static_cast<time_t>(whole), static_cast<long>(1e9 * (seconds - whole))};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

}  // namespace

ActionClock::ActionClock() {
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);  // nanoseconds; the default is 50 us
}

void ActionClock::start() { start_seconds_ = wall_seconds(); }

void ActionClock::sleep(double seconds) const { sleep_until(start_seconds_ + seconds); }

void ActionClock::finish(double seconds) const {
  const double end = start_seconds_ + seconds;
  sleep_until(end - kSpinSeconds);
  while (wall_seconds() < end) {
  }
}

WaitLayer::WaitLayer(const WaitStageShape& shape, int index, int count, const StageCost& stage,
                     std::shared_ptr<StageClocks> clocks)
    : Layer("wait", index == 0 ? shape.input_row : shape.message_row,
            index + 1 == count ? shape.output_row : shape.message_row),
      input_dtype_(index == 0 ? shape.input_dtype : DType::kFloat32),
      returns_gradient_(shape.returns_gradient),
      index_(index),
      count_(count),
      stage_(stage),
      clocks_(std::move(clocks)) {}

Tensor WaitLayer::forward(const Context& context, Tensor x, Saved&) {
  wait(stage_.forward, index_ + 1, clocks_->action, clocks_->weight);
  return handed_on(context, std::move(x), output_row());
}

Tensor WaitLayer::backward_input(const Context& context, Tensor dy, Saved&) {
  wait(stage_.backward_input, count_ - index_, clocks_->action, clocks_->weight);
  if (input_dtype_ != DType::kFloat32 || !returns_gradient_) return {};
  return handed_on(context, std::move(dy), input_row());
}

void WaitLayer::backward_weight(const Context&, Saved&) {
  wait(stage_.backward_weight, count_ - index_, clocks_->weight, clocks_->action);
}

void WaitLayer::wait(double action_seconds, int position, ActionClock& own, ActionClock& other) {
  const double begun = wall_seconds();
  if (position == 1) own.start();
  if (position < count_) {
    own.sleep(action_seconds * position / count_);
  } else {
    own.finish(action_seconds);
  }
  other.put_off(wall_seconds() - begun);
}

std::vector<std::unique_ptr<Layer>> wait_layers(const WaitStageShape& shape,
                                                const StageCost& stage) {
  const double longest = std::max({stage.forward, stage.backward_input, stage.backward_weight});
  const int count =
      static_cast<int>(std::clamp(std::round(longest / kLayerSeconds), 1.0, 1.0 * kMostLayers));
  const auto clocks = std::make_shared<StageClocks>();
  std::vector<std::unique_ptr<Layer>> layers;
  for (int i = 0; i < count; ++i) {
    layers.push_back(std::make_unique<WaitLayer>(shape, i, count, stage, clocks));
  }
  return layers;
}

}  // namespace pipetrain
