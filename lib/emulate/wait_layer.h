// Layers that wait for a given time where others compute, so that a schedule can be run and timed
// on more ranks than there are cores. They must not know schedules, messages or what they stand in
// for.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// When the action that a stage is at began: its layers wait by this one clock, so that a late
// wake-up in one of them is made good by the next.
class ActionClock {
 public:
  ActionClock();  // by the thread that will wait
  void start();
  // Both return when `seconds` have passed since start(): sleep() perhaps a little later.
  void sleep(double seconds) const;
  void finish(double seconds) const;
  // So long something else was done.
  void put_off(double seconds) { start_seconds_ += seconds; }

 private:
  double start_seconds_ = 0;
};

// Of a stage: an I and its W may go through the layers together, each waiting for its own time.
struct StageClocks {
  ActionClock action, weight;
};

// What a stage takes in and hands on: a row is one microbatch.
struct WaitStageShape {
  DType input_dtype = DType::kFloat32;
  Shape input_row, message_row, output_row;  // message_row between its layers
  bool returns_gradient = true;              // of its input, where that is float32
};

// Layer `index` of `count` that together take `stage`'s time. Nothing is computed: what comes in is
// handed on, or zeros where the shape changes.
class WaitLayer final : public Layer {
 public:
  WaitLayer(const WaitStageShape& shape, int index, int count, const StageCost& stage,
            std::shared_ptr<StageClocks> clocks);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  DType input_dtype() const override { return input_dtype_; }

 private:
  // Its part of an action of the stage; it is the `position`th of the layers to wait, from 1 on.
  void wait(double action_seconds, int position, ActionClock& own, ActionClock& other);

  DType input_dtype_;
  bool returns_gradient_;
  int index_, count_;
  StageCost stage_;
  std::shared_ptr<StageClocks> clocks_;
};

// A stage's layers, of about two milliseconds each: as with real ones, messages move between them.
std::vector<std::unique_ptr<Layer>> wait_layers(const WaitStageShape& shape,
                                                const StageCost& stage);

}  // namespace pipetrain
