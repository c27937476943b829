// Runs steps on a rank, together with the others: forward and backward, reduction, norm and update
// of a training step; an evaluation's forward. It must not know files, logging or how data are
// read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "comm/gathered_sum.h"
#include "comm/grid_links.h"
#include "config/config.h"
#include "pipeline/engine.h"
#include "pipeline/evaluation_pace.h"
#include "pipeline/overlapped_run.h"
#include "pipeline/provisional_run.h"
#include "pipeline/step_figures.h"
#include "schedule/message_bounds.h"
#include "schedule/program.h"
#include "schedule/simulate/overlap.h"
#include "schedule/simulate/simulate.h"
#include "setup/batches.h"
#include "setup/layout.h"
#include "setup/rank_state.h"
#include "setup/replica_parts.h"
#include "tensor/tensor_copies.h"

namespace pipetrain {

class StepRunner {
 public:
  // All arguments, and what `links` names, outlive it. For kEvaluate it evaluates only.
  StepRunner(const Config& config, const Layout& layout, const Batches& batches,
             RankVersions& versions, const GridLinks& links, MemoryPool& pool, Mode mode);

  void expect_batch(const StepContext& step) {
    lanes_.front().engine->expect_batch(step, batches_.target_row());
  }
  // Forward and backward of a batch that was expected and fed, reduction, norm; then the update
  // with `learning_rate` of step `step.step`, unless something is not finite.
  StepResult train(const StepContext& step, double learning_rate, RankNotice notice = {});

  // Steps without a flush between them, where there are two versions of the weights and several
  // ranks. In order: settle() of the step two before, run_overlapped(). In the end settle() of the
  // last step but one, finish_overlapped(), settle() of the last.
  bool overlaps() const { return overlapped_ != nullptr; }
  // From the step's first action, whose batch was expected and fed, up to the first of the next.
  void run_overlapped(const StepContext& step, RankNotice notice);
  void finish_overlapped(RankNotice notice);  // then nothing is under way; its time is the step's
  // Waits for the figures of a step. Then update_after() as train() updates.
  StepResult settle(const StepContext& step);
  void update_after(const StepContext& step, const StepResult& result, double learning_rate);

  // Steps whose updates do not wait for the norm (pipeline.post_validation), where there are
  // several ranks. In order: run_early(); if update_early() came before it, settle() of the step
  // before, and where that update does not stand take_back(), update_after() of the step before,
  // run_again(); then run_to_end(); then update_early(), or settle() and update_after().
  bool updates_early() const { return early_ != nullptr; }
  // The step's batch was expected and fed; that of the next one may be behind settle().
  void run_early(const StepContext& step);
  void run_to_end(const StepContext& step, RankNotice notice);
  void update_early(const StepContext& step, double learning_rate);
  // Whether update_early() did what the step's result asks for, and the next batch could be read.
  bool stands(const StepContext& step, const StepResult& result);
  // Whether the last one did. A step behind one that did not is better not updated early.
  bool stood() const { return stood_; }
  // Collective: weights and moments are as before update_early(), to the last bit, and of `step`
  // nothing has run.
  void take_back(const StepContext& step);
  void run_again(const StepContext& step);
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
  double take_peak_live_microbatches();
  // Of a training step whose stages and pieces of the vocabulary take so long; if steps overlap, of
  // one among many.
  double predicted_bubble(const Costs& costs) const;
  const Recorder& recorder() const { return recorder_; }
  void forget_recorded() { recorder_.forget(); }  // once it was looked at
  // Tensor memory that it has set aside for good: for stages whose sharded weights are whole, for
  // a layer's gradients of such weights, for sends, and for what early updates overwrite.
  struct Rooms {
    std::int64_t gathered = 0, gradients = 0, sends = 0, overwritten = 0;
  };
  Rooms rooms() const;
  const std::vector<Action>& training_actions() const { return training_actions_; }  // this rank's

 private:
  // What runs on one version of the weights.
  struct Lane {
    RankState& state;
    ReplicaParts parts;
    std::unique_ptr<Engine> engine;
    StepFigures figures;
    double step_seconds = 0;  // of its last step
  };

  std::optional<Sums> sums_of(const Lane& lane) const;  // if this rank has the loss
  Lane& lane_of(const StepContext& step);
  void settle_memory();
  void leave_version_behind();  // that of a step that has updated nothing, at the newest weights
  void reserve_for_sends();
  void average_over_replicas(std::span<float> values);  // in place
  void set_up_overlap(Program program);
  void set_up_early(Program program);
  void set_up_sum();
  double update_scale(const StepContext& step, const StepResult& result) const;
  void close(const StepContext& step);
  void begin_figures(Lane& lane);
  void note_spans(Lane& lane);
  void fill_in(Lane& lane, const StepContext& step, RankNotice notice);
  StepResult reduce(const StepContext& step, RankNotice notice);
  StepResult result_of(const Lane& lane, const StepContext& step);
  void update(const StepContext& step, double learning_rate, double scale);

  const Config& config_;
  const Layout& layout_;
  const Batches& batches_;
  RankVersions& versions_;
  const RankMap& map_;
  GridLinks links_;
  MemoryPool& pool_;
  std::vector<Lane> lanes_;  // one for each version
  std::unique_ptr<EvaluationPace> evaluation_pace_;
  std::vector<Action> training_actions_;
  MessageBound most_sends_;                                // of a training step
  std::int64_t sends_bytes_ = 0;                           // reserved for them
  std::map<int, std::vector<Action>> evaluation_actions_;  // by microbatches
  bool evaluated_ = false;
  Recorder recorder_;
  RankNotice notice_;  // for the next step that closes
  std::unique_ptr<GatheredSum> sum_;
  // Of all ranks, where steps follow each other without a flush.
  Program following_program_;
  Overlap overlap_;
  std::unique_ptr<OverlappedRun> overlapped_;
  bool finishing_ = false;  // no step begins while the last one ends
  std::unique_ptr<ProvisionalRun> early_;
  std::unique_ptr<TensorCopies> overwritten_;  // what an early update has overwritten
  bool stood_ = true;
  bool averaged_ = false;  // the replicas' running statistics, by an update that was taken back
  double step_start_ = 0;
  int steps_run_ = 0;
  std::optional<std::int64_t> skipped_;  // the last step, if it updated nothing
};

}  // namespace pipetrain
