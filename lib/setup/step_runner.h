// Runs steps on a rank, together with the others: forward and backward, reduction, norm and update
// of a training step; an evaluation's forward. It must not know files, logging or how data are
// read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/grid_links.h"
#include "config/config.h"
#include "pipeline/engine.h"
#include "pipeline/evaluation_pace.h"
#include "schedule/message_bounds.h"
#include "setup/batches.h"
#include "setup/layout.h"
#include "setup/rank_state.h"
#include "setup/replica_parts.h"
#include "setup/step_figures.h"

namespace pipetrain {

class StepRunner {
 public:
  // All arguments, and what `links` names, outlive it. For kEvaluate it evaluates only.
  StepRunner(const Config& config, const Layout& layout, const Batches& batches, RankState& state,
             const GridLinks& links, MemoryPool& pool, Mode mode);

  void expect_batch(const StepContext& step) { engine_->expect_batch(step, batches_.target_row()); }
  // Forward and backward of a batch that was expected and fed, reduction, norm; then the update
  // with `learning_rate` of step `step.step`, unless something is not finite.
  StepResult train(const StepContext& step, double learning_rate, RankNotice notice = {});
  // Takes a batch that was expected and fed, and forgets it.
  void discard_batch(const StepContext& step);
  // Where the first number that is not finite appears in this batch (fed and expected again).
  std::string find_not_finite(StepContext step);
  // Sums over the replica's rows on its first rank of the last stage, zero on the others: loss,
  // targets whose logit is the largest, and targets that count.
  struct Sums {
    double loss = 0, correct = 0, targets = 0;
  };
  Sums evaluate(const StepContext& step);
  void finish_evaluation() { evaluation_pace_->finish(); }  // after the last batch

  // Time spent on something else does not count as part of the next step.
  void exclude_seconds(double seconds) { step_start_ += seconds; }
  double take_peak_live_microbatches() { return engine_->take_peak_live_microbatches(); }
  const Recorder& recorder() const { return recorder_; }
  const std::vector<Action>& training_actions() const { return training_actions_; }  // this rank's

 private:
  void reserve_for_sends();
  void reserve_for_evaluation(const StepContext& step);
  void average_over_replicas(std::span<float> values);  // in place
  void fill_in_squares();
  StepResult reduce(const StepContext& step, RankNotice notice);
  void update(const StepContext& step, double learning_rate, double scale);

  const Config& config_;
  const Layout& layout_;
  const Batches& batches_;
  RankState& state_;
  const RankMap& map_;
  GridLinks links_;
  MemoryPool& pool_;
  ReplicaParts parts_;
  std::unique_ptr<EvaluationPace> evaluation_pace_;
  std::unique_ptr<Engine> engine_;
  std::vector<Action> training_actions_;
  MessageBound most_sends_;                                // of a training step
  std::map<int, std::vector<Action>> evaluation_actions_;  // by microbatches
  bool evaluated_ = false;
  Recorder recorder_;
  StepFigures figures_;
  double step_start_ = 0;
  int steps_run_ = 0;
};

}  // namespace pipetrain
