// The training loop: feeds batches, runs steps, evaluates, writes the run directory and says how it
// goes. It must not know MPI, oneDNN, layer kinds or schedules by name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/start_times.h"
#include "checkpoint/manifest.h"
#include "data/coordinator.h"
#include "optim/learning_rate.h"
#include "setup/pipeline_rank.h"
#include "setup/world.h"
#include "train/rebalance.h"
#include "train/run_checkpoints.h"
#include "train/run_record.h"
#include "train/run_trace.h"
#include "train/slow_ranks.h"
#include "train/start_facts.h"
#include "train/training_report.h"

namespace pipetrain {

// How a run shows itself.
struct TrainerOptions {
  bool progress = true;     // a bar, on a terminal
  bool trace = false;       // writes trace.json
  bool rebalance = false;   // cuts anew, at a checkpoint, where ranks have changed their pace
  std::string resume_from;  // a checkpoint to go on from; empty: none
  // How a run that was cut anew goes on; its checkpoint is resume_from.
  std::optional<Recut> recut = {};
  RunOrigin origin;           // on rank 0, for the checkpoints
  StartTimes times = {};      // up to here
  ProgramFacts program = {};  // on rank 0, for the record
  // Called on every rank when the run's record is begun, and on rank 0 after each line of metrics.
  std::function<void()> begun = [] {}, line_written = [] {};
};

class Trainer {
 public:
  // Collective. `source` and `directory` on rank 0, null elsewhere; all arguments outlive it.
  Trainer(const Config& config, const World& world, const Source* source, RunDirectory* directory,
          const ModelSetup& model, const GridLinks& links, MemoryPool& pool,
          const TrainerOptions& options);

  // Goes on from where the checkpoint to resume from ends; without one, takes the weights from
  // train.init_from, if given. Error(kCheckpoint); no communication. Nothing was written so far.
  void load();

  // All steps, evaluations and checkpoints; of no steps the starting weights' checkpoint. False if
  // it was stopped on request, after a checkpoint, or is to be cut anew. Error(kNotFinite) where a
  // loss is not: if on_nonfinite is stop, after a checkpoint of the last good step; else after
  // max_skipped_steps. Error(kData) where rows cannot be read any more, after a checkpoint of the
  // last good step.
  bool run();
  // After run(), how it is to go on at once with another Trainer, on a model made anew; nothing if
  // it is over.
  const std::optional<Recut>& recut() const { return next_; }

 private:
  bool coordinates() const { return source_ != nullptr; }
  bool validates() const { return config_.train.eval_every > 0 && evaluator_->rows() > 0; }
  void announce() const;
  void announce_cut() const;
  void record_start();
  void record_step(std::int64_t step, const StepResult& result, const OtherWork& feed);
  void record_end(const std::string& outcome);
  void report_start();
  bool step_once(std::int64_t step);
  // Steps that overlap (pipeline.delay 1), up to the next one after which someone looks at the
  // weights; `step` is then the one behind them. Whether training goes on.
  bool run_stretch(std::int64_t& step);
  // The same of steps whose updates do not wait for the norm (pipeline.post_validation).
  bool run_early_stretch(std::int64_t& step);
  bool validate_before(std::int64_t step);
  bool update_for_good(std::int64_t step);
  void conclude(std::int64_t step, const StepResult& result, double rate);
  void exclude_since(double begin);
  void count_taken_back() const;
  std::int64_t stretch_end(std::int64_t first) const;
  void feed_stretch(std::int64_t step, bool first);
  void note_stretch();
  void note_times();
  bool settle(std::int64_t step, bool next_runs);
  RankNotice notice() const;
  void account(std::int64_t step, const StepResult& result, double rate, const OtherWork& feed);
  bool end_at(std::int64_t step, bool stops);
  void feed_training(std::int64_t step);
  void feed(const BatchRows& rows);
  void share_lost();
  [[noreturn]] void stop_without_data(std::int64_t step);
  void trace_step(std::int64_t step, const StepResult& result, const OtherWork& feed);
  void name_slow_ranks(std::int64_t step, const StepResult& result);
  void report_step(std::int64_t step, const StepResult& result, double learning_rate);
  void write_starting_weights();
  std::int64_t weights_of(std::int64_t step) const;
  void handle_not_finite(const StepContext& step, const StepResult& result);
  bool checkpoint_step(std::int64_t step, bool last, bool stops, bool recuts);
  // Collective, at a checkpoint between others: the layout to go on with, if there is a better one.
  std::optional<Layout> layout_to_go_on_with();
  void go_on_with(Layout layout, std::int64_t step);
  [[noreturn]] void fail_for_ruined(std::int64_t step) const;
  [[noreturn]] void stop_at_not_finite(std::int64_t step, const std::string& what);
  [[noreturn]] void give_up_skipping(std::int64_t step, const std::string& what);
  // Why the weights after `step` may be ruined, as far as the steps so far show; empty: no reason.
  std::string doubt_of_weights(std::int64_t step) const;
  // Collective. The first of the tensors to save that is not finite, on any rank; else empty.
  std::string first_not_finite(const std::vector<CheckpointTensor>& tensors);
  bool evaluate(std::int64_t step);
  void warn_of_other_tokenizer(const Checkpoint& checkpoint) const;
  // Whether it is on the disk, or on its way. If what is to be saved is not finite it is not, and
  // ruined_ says where.
  bool save_checkpoint(std::int64_t step, bool in_background);

  const Config& config_;
  const World& world_;
  const Source* source_;
  const ModelSetup& model_;
  std::string tokenizer_json_;  // what its inputs mean: made once, for every checkpoint
  RunDirectory* directory_;
  Collective& collective_;  // of all ranks
  MemoryPool& pool_;
  PipelineRank pipeline_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Evaluator> evaluator_;
  TrainingReport report_;
  SlowRanks slow_ranks_;
  StepPace pace_{SlowRanks::kSteps};  // on rank 0
  std::unique_ptr<RunTrace> trace_;   // until it is written
  RunCheckpoints checkpoints_;
  bool rebalance_;
  CutTrials trials_;
  std::optional<double> seconds_before_cut_;  // of a step, where the run was cut anew
  std::optional<Recut> next_;
  std::string resume_from_;
  RunOrigin origin_;
  ProgramFacts program_;
  std::function<void()> begun_, line_written_;
  std::unique_ptr<RunRecord> record_;  // on rank 0, once it is begun
  double began_ = 0;                   // the first step of this start
  std::int64_t first_step_ = 0;
  TrainingPosition resumed_at_;  // of the checkpoint, if there is one
  StartTimes times_;             // up to the end of the first step
  std::optional<Evaluation> last_evaluation_;
  std::int64_t evaluated_step_ = 0;         // which it came after
  int skipped_steps_ = 0;                   // in a row
  int updated_early_ = 0, taken_back_ = 0;  // steps of this start
  std::string ruined_;  // the first tensor that was not finite when a checkpoint was to be written
  double noted_ = 0, feeding_ = 0;  // of a stretch: up to when, and of what follows the feeding
  std::int64_t fed_ = -1;           // the last step whose batch was fed
  double feeding_seconds_ = 0;      // of the coordinator, for training
  std::string lost_;                // why rows could not be read, once all ranks know it
  std::string unread_;              // and on rank 0 from the start
};

}  // namespace pipetrain
