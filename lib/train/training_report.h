// What a training run says of its steps: lines of metrics.jsonl and of the log, a progress bar, the
// summary at its end. It must not know how steps are fed, run or saved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "train/evaluator.h"
#include "train/memory_uses.h"
#include "train/progress.h"
#include "train/run_directory.h"
#include "train/summary.h"
#include "train/time_uses.h"

namespace pipetrain {

class TrainingReport {
 public:
  // `directory` on rank 0, which does the talking, null elsewhere; all arguments outlive it.
  TrainingReport(const TrainConfig& config, const PipelineRank& pipeline, RunDirectory* directory,
                 bool progress);

  // Training begins, after so many seconds and targets (tokens or samples) of earlier starts.
  void begin(double elapsed_seconds, std::int64_t targets);
  double elapsed_seconds() const;  // since the first start, without what lies between starts
  std::int64_t targets() const { return targets_; }  // seen since then

  // On all ranks: every step, and every evaluation, the one before the first step included.
  void add_step(const StepResult& result, std::int64_t rows);
  void add_evaluation(const Evaluation& evaluation);
  // What this rank recorded of a step, and how long feeding the next one took.
  void add_times(const Recorder& recorder, double feed_seconds, double step_seconds) {
    times_.add(recorder, feed_seconds, step_seconds);
  }

  // After such a step, with the next one's batch here.
  void add_memory(const Recorder& recorder, const MemoryPool& pool) { memory_.add(recorder, pool); }

  // After step `step`, counted from 1: means over the steps since the last line, with the last
  // evaluation's figures if it was one of this step. A line that cannot be written is an Error, or
  // a warning, as train.on_write_error says.
  void write_line(std::int64_t step, const StepResult& result, double learning_rate,
                  bool evaluated);
  // After every step, on a terminal.
  void draw_progress(std::int64_t step, double loss);
  // The evaluation before the first step, as a line of step 0.
  void write_first_line();
  // Returns when the lines are on the disk; in any thread, errors as above.
  void sync_metrics();
  // Before anything else is printed.
  void clear_progress() { progress_.clear(); }

  // Collective, when all steps are done. Of all ranks on rank 0.
  struct RunFacts {
    std::vector<std::string> placement;  // which rank is on which host
    double training_seconds = 0, feeding_seconds = 0;
    std::size_t checkpoint_bytes = 0;  // memory of this rank for copies that are written
  };
  RunSummary summarize(PipelineRank& pipeline, const MemoryPool& pool, Collective& world,
                       const RunFacts& facts);
  // An Error if standard output does not take it and the run is `done`; a warning if it was
  // stopped, or if nobody reads that any more.
  void show(const RunSummary& run, bool done);

 private:
  struct Window {  // of steps
    int steps = 0;
    std::int64_t rows = 0;
    double seconds = 0, bubble = 0;
    std::vector<StageCost> stage_seconds;
    std::vector<PieceCost> piece_seconds;
    void add(const StepResult& result, std::int64_t step_rows);
  };

  double targets_per_second(const Window& window) const;
  // The figures of the last evaluation, into the line; returns what the log says of them.
  std::string add_validation(nlohmann::ordered_json& line) const;
  void add_totals(nlohmann::ordered_json& line) const;
  void write_metrics(const nlohmann::ordered_json& line);

  const TrainConfig& config_;
  const PipelineRank& pipeline_;
  RunDirectory* directory_;
  Progress progress_;
  Window last_line_, since_line_, whole_run_;
  std::vector<double> busy_seconds_, run_seconds_;  // per rank, over the run
  TimeUses times_;                                  // of this rank
  MemoryUses memory_;                               // of this rank
  std::optional<Evaluation> first_evaluation_, last_evaluation_;
  bool metrics_failed_ = false;  // and it was said
  double started_ = 0;           // the first start, had all others followed at once
  std::int64_t targets_ = 0;
};

}  // namespace pipetrain
