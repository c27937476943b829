// What training left, to compare two ways to do it. The members are called by all ranks, each in
// its own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "setup/pipeline_threads.h"

namespace pipetrain {

struct Trained {
  std::vector<double> losses, norms;  // of each step
  double validation = 0;
  Weights weights;  // of all ranks, the pieces of a sharded parameter put together

  using After = std::function<void(std::int64_t step, const StepResult&)>;
  void train(RankThread& rank, std::int64_t first, std::int64_t end, const After& after = {});
  void evaluate(RankThread& rank);
  void take_weights(RankThread& rank);

  friend bool operator==(const Trained&, const Trained&) = default;
};

// Steps 0, ..., steps - 1, then the validation rows.
Trained train_ranks(const Config& config, const Source& source, int ranks, std::int64_t steps);

// The largest |found / expected - 1|; infinite if there are more of one than of the other.
double relative_difference(const std::vector<double>& found, const std::vector<double>& expected);

}  // namespace pipetrain
