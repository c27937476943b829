// Where the weights of a rank's stages are while they are used. It must not know schedules or
// gradients.
#pragma once

#include <cstddef>

namespace pipetrain {

// There is one for each way to keep weights: WholeWeights and ShardedWeights. `stage` counts the
// rank's own stages.
class StageWeights {
 public:
  virtual ~StageWeights() = default;

  virtual void begin() = 0;  // a step: forgets how long gathers took
  // Starts to gather the stage. All replicas do so in the same order.
  virtual void unshard(std::size_t stage) = 0;
  virtual bool gathered(std::size_t stage) = 0;  // whether it can be used; moves that along
  virtual void wait(std::size_t stage) = 0;
  // Its layers have no weights until it is gathered again.
  virtual void reshard(std::size_t stage) = 0;
  virtual void poll() = 0;
  // From the start to the end of a gather, mean of the step; 0 if there was none.
  virtual double mean_seconds(std::size_t stage) const = 0;
};

// Every stage has its weights all the time.
class WholeWeights final : public StageWeights {
 public:
  void begin() override {}
  void unshard(std::size_t) override {}
  bool gathered(std::size_t) override { return true; }
  void wait(std::size_t) override {}
  void reshard(std::size_t) override {}
  void poll() override {}
  double mean_seconds(std::size_t) const override { return 0; }
};

}  // namespace pipetrain
