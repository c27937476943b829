// What one rank needs to run steps: its stages and their parameters, the lists of actions, the
// engine and the optimizer. It must not know files, logging, MPI or how data are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/grid_links.h"
#include "config/config.h"
#include "data/coordinator.h"
#include "data/epochs.h"
#include "nn/model.h"
#include "optim/optimizer.h"
#include "pipeline/engine.h"
#include "pipeline/evaluation_pace.h"
#include "pipeline/gradient_reducer.h"
#include "pipeline/parameter_store.h"
#include "pipeline/sharded_weights.h"
#include "pipeline/shards.h"
#include "setup/layout.h"
#include "setup/step_figures.h"

namespace pipetrain {

// Of one replica, in order.
std::vector<std::int64_t> microbatch_rows(const StepContext& step);

class PipelineRank {
 public:
  // Collective. `config` and what `links` names outlive it. For kEvaluate it has neither gradients
  // nor an optimizer, and no values until a checkpoint's are read; then evaluate() alone may be
  // called, not train().
  PipelineRank(const Config& config, ModelPlan plan, const GridLinks& links, MemoryPool& pool,
               Mode mode = Mode::kTrain);

  const Grid& grid() const { return links_.grid; }
  const GridPosition& position() const { return position_; }
  bool shards_optimizer() const;   // each replica updates its share
  bool shards_parameters() const;  // and keeps nothing else of the weights
  const Layout& layout() const { return layout_; }
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }
  const ParameterIndex& index() const { return index_; }
  ParameterStore& parameters() { return *store_; }
  Optimizer& optimizer() { return *optimizer_; }
  // Of each of the rank's stages what the optimizer updates here, in the order of its moments.
  const std::vector<std::vector<Piece>>& updated_pieces() const { return updated_pieces_; }
  Ops& ops() { return ops_; }
  const Recorder& recorder() const { return recorder_; }
  int stage_count() const { return layout_.schedule.stage_count(); }
  std::vector<int> local_stages() const;
  // For the rank that coordinates; `source` outlives it.
  std::unique_ptr<Coordinator> make_coordinator(const Source& source) const;

  // A training step's, or an evaluation batch's, shape, as this rank's replica sees it; of an
  // evaluation's last batch a replica may have no row, and nothing to do.
  StepContext training_step(std::int64_t step) const;
  StepContext evaluation_step(std::int64_t batch, std::int64_t rows) const;
  // What the coordinator feeds for it, to all replicas; an evaluation begins at `first_row` of the
  // validation split.
  BatchPlan batch_plan(const StepContext& step, std::int64_t first_row = 0) const;

  void expect_batch(const StepContext& step) { engine_->expect_batch(step, target_row_); }
  // Forward and backward of a batch that was expected and fed, reduction, norm; then the update
  // with `learning_rate` of step `step.step`, unless something is not finite.
  StepResult train(const StepContext& step, double learning_rate, RankNotice notice = {});
  // Takes a batch that was expected and fed, and forgets it.
  void discard_batch(const StepContext& step);
  // Where the first number that is not finite appears in this batch (fed and expected again).
  std::string find_not_finite(StepContext step);
  // Sums over the replica's rows on its first rank of the last stage, zero on the others: loss, and
  // targets whose logit is the largest.
  struct Sums {
    double loss = 0, correct = 0;
  };
  Sums evaluate(const StepContext& step);
  void finish_evaluation() { evaluation_pace_->finish(); }  // after the last batch
  // Time spent on something else does not count as part of the next step.
  void exclude_seconds(double seconds) { step_start_ += seconds; }
  double take_peak_live_microbatches() { return engine_->take_peak_live_microbatches(); }
  const Epochs& epochs() const { return epochs_; }
  std::int64_t targets_per_row() const { return target_row_.elements(); }
  bool classifies() const { return target_row_.rank() == 0; }  // one label a row
  // What a rate counts: targets.
  const char* rate_unit() const { return classifies() ? "samples" : "tokens"; }

 private:
  void build_stages(Mode mode);
  void build_parameters(Mode mode, const StageLayers& layers);
  std::unique_ptr<GradientReducer> make_reducer(Mode mode, const std::vector<int>& ranks);
  void build_engine(Mode mode);
  void build_optimizer();
  std::size_t place() const { return static_cast<std::size_t>(position_.pipeline); }
  int rank_of_stage(int stage, int replica) const;  // with this rank's place in its tensor group
  std::vector<int> ranks_of_stage(int stage, int replica) const;  // all that share it
  StepContext of_replica(StepContext step, int replica) const;
  Schedule lowered() const;  // the layout's schedule as all ranks execute it
  std::vector<Action> evaluation_actions(int microbatches) const;
  void reserve_for_sends();
  void reserve_for_evaluation(const StepContext& step);
  void average_over_replicas(std::span<float> values);  // in place
  void fill_in_squares();
  StepResult reduce(const StepContext& step, RankNotice notice);
  void update(const StepContext& step, double learning_rate, double scale);

  const Config& config_;
  GridLinks links_;
  GridPosition position_;
  MemoryPool& pool_;
  Ops ops_;
  Layout layout_;
  Epochs epochs_;
  std::vector<std::unique_ptr<Layer>> layers_;
  ParameterIndex index_;
  Shape target_row_;
  std::vector<Action> training_actions_;
  std::map<int, std::vector<Action>> evaluation_actions_;  // by microbatches
  std::unique_ptr<ParameterStore> store_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::vector<Bucket>> buckets_;  // of each of the rank's stages
  std::vector<std::vector<Piece>> pieces_;    // this replica's share of each
  std::vector<std::vector<Piece>> updated_pieces_;
  std::unique_ptr<ShardedWeights> sharded_weights_;  // where replicas share them out
  std::unique_ptr<GradientReducer> reducer_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<EvaluationPace> evaluation_pace_;
  bool evaluated_ = false;
  std::unique_ptr<Optimizer> optimizer_;
  Recorder recorder_;
  StepFigures figures_;
  double step_start_ = 0;
  int steps_run_ = 0;
};

}  // namespace pipetrain
