// The training loop: feeds batches, runs steps, evaluates, writes the run directory and says how it
// goes. It must not know MPI, oneDNN, layer kinds or schedules by name.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "data/coordinator.h"
#include "optim/learning_rate.h"
#include "train/evaluator.h"
#include "train/pipeline_rank.h"
#include "train/progress.h"
#include "train/run_checkpoints.h"
#include "train/run_directory.h"
#include "train/run_trace.h"
#include "train/world.h"

namespace pipetrain {

// How a run shows itself.
struct TrainerOptions {
  bool progress = true;     // a bar, on a terminal
  bool trace = false;       // writes trace.json
  std::string resume_from;  // a checkpoint to go on from; empty: none
};

class Trainer {
 public:
  // Collective. `source` and `directory` on rank 0, null elsewhere; all arguments outlive it.
  Trainer(const Config& config, const World& world, const Source* source, RunDirectory* directory,
          ModelPlan plan, const GridLinks& links, MemoryPool& pool, const TrainerOptions& options);

  // Goes on from where the checkpoint to resume from ends; without one, takes the weights from
  // train.init_from, if given. Error(kCheckpoint); no communication.
  void load();

  // All steps, evaluations and checkpoints. False if it was stopped on request, after a checkpoint.
  // Error(kNotFinite) where a loss is not and on_nonfinite is stop, after a checkpoint of the last
  // good step.
  bool run();

 private:
  // Means over the steps since the last line of metrics.
  struct Window {
    int steps = 0;
    std::int64_t rows = 0;
    double seconds = 0, bubble = 0;
    std::vector<StageCost> stage_seconds;
    void add(const StepResult& result, std::int64_t step_rows);
    double predicted_bubble(const Schedule& schedule) const;
  };

  bool coordinates() const { return source_ != nullptr; }
  bool validates() const { return config_.train.eval_every > 0 && evaluator_->rows() > 0; }
  void announce() const;
  void make_way();
  bool step_once(std::int64_t step);
  void feed_training(std::int64_t step);
  void trace_step(std::int64_t step, const StepResult& result, const OtherWork& feed);
  void report_step(std::int64_t step, const StepResult& result, double learning_rate);
  void handle_not_finite(const StepContext& step, const StepResult& result);
  double targets_per_second(const Window& window) const;
  void save_checkpoint(std::int64_t step, bool in_background);
  void write_metrics(const nlohmann::ordered_json& line);
  void print_summary();

  const Config& config_;
  const World& world_;
  const Source* source_;
  RunDirectory* directory_;
  Collective& collective_;  // of all ranks
  MemoryPool& pool_;
  PipelineRank pipeline_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Evaluator> evaluator_;
  Progress progress_;
  std::unique_ptr<RunTrace> trace_;  // until it is written
  Window window_, whole_run_;
  std::vector<double> busy_seconds_, run_seconds_;  // per rank, over the run
  RunCheckpoints checkpoints_;
  std::string resume_from_;
  std::int64_t first_step_ = 0;
  std::int64_t rows_done_ = 0;   // by the steps before it
  bool metrics_failed_ = false;  // and it was said
  std::optional<Evaluation> first_evaluation_, last_evaluation_;
  std::int64_t evaluated_step_ = 0;  // of the last one
  double training_seconds_ = 0;
  double feeding_seconds_ = 0;  // of the coordinator, for training
};

}  // namespace pipetrain
