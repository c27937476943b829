// Training steps one after the other, as a run has them: with pipeline.delay 1 they overlap, with
// pipeline.post_validation updates do not wait for the norm, and what comes of a step is known
// while the next one runs. It must not know what is measured of them.
#pragma once

#include <cstdint>
#include <optional>

#include "data/coordinator.h"
#include "setup/pipeline_rank.h"

namespace pipetrain {

class BenchSteps {
 public:
  // Both outlive it; `coordinator` is there on rank 0 alone.
  BenchSteps(PipelineRank& pipeline, Coordinator* coordinator);

  // Collective. The next step. Returns what came of the newest one that is over, if one is.
  struct Done {
    StepContext step;
    StepResult result;
  };
  std::optional<Done> run();
  // Collective: ends what is under way. No run() comes after it.
  void finish();

 private:
  void feed(std::int64_t step);
  std::optional<Done> run_early(const StepContext& context);
  Done settle(std::int64_t step);

  PipelineRank& pipeline_;
  Coordinator* coordinator_;
  std::int64_t next_ = 0;
  bool early_ = false;  // the last step has updated before its norm was known
};

}  // namespace pipetrain
