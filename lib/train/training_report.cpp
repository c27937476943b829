#include "train/training_report.h"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "pipeline/recorder.h"
#include "report/curves/text_curve.h"
#include "train/summary.h"

namespace pipetrain {

void TrainingReport::Window::add(const StepResult& result, std::int64_t step_rows) {
  ++steps;
  rows += step_rows;
  seconds += result.step_seconds;
  bubble += result.bubble_fraction();
  stage_seconds.resize(result.stage_seconds.size());
  for (std::size_t s = 0; s < stage_seconds.size(); ++s) {
    stage_seconds[s] += result.stage_seconds[s];
  }
  piece_seconds.resize(result.piece_seconds.size());
  for (std::size_t p = 0; p < piece_seconds.size(); ++p) {
    piece_seconds[p] += result.piece_seconds[p];
  }
}

TrainingReport::TrainingReport(const TrainConfig& config, const PipelineRank& pipeline,
                               RunDirectory* directory, bool progress)
    : config_(config),
      pipeline_(pipeline),
      directory_(directory),
      progress_(progress && directory != nullptr, config.steps, pipeline.batches.rate_unit()) {}

void TrainingReport::begin(double elapsed_seconds, std::int64_t targets) {
  started_ = wall_seconds() - elapsed_seconds;
  targets_ = targets;
}

double TrainingReport::elapsed_seconds() const { return wall_seconds() - started_; }

void TrainingReport::add_step(const StepResult& result, std::int64_t rows) {
  targets_ += rows * pipeline_.batches.targets_per_row();
  since_line_.add(result, rows);
  whole_run_.add(result, rows);
  busy_seconds_.resize(result.busy_seconds.size());
  run_seconds_.resize(result.run_seconds.size());
  for (std::size_t r = 0; r < busy_seconds_.size(); ++r) {
    busy_seconds_[r] += result.busy_seconds[r];
    run_seconds_[r] += result.run_seconds[r];
  }
}

void TrainingReport::add_evaluation(const Evaluation& evaluation) {
  if (!first_evaluation_) first_evaluation_ = evaluation;
  last_evaluation_ = evaluation;
}

double TrainingReport::targets_per_second(const Window& window) const {
  return static_cast<double>(window.rows * pipeline_.batches.targets_per_row()) / window.seconds;
}

void TrainingReport::add_totals(nlohmann::ordered_json& line) const {
  line["elapsed_seconds"] = elapsed_seconds();
  line[pipeline_.batches.rate_unit()] = targets_;
}

std::string TrainingReport::add_validation(nlohmann::ordered_json& line) const {
  line["val_loss"] = last_evaluation_->loss;
  std::string text = fmt::format("validation loss {:.4f}  ", last_evaluation_->loss);
  if (pipeline_.batches.classifies()) {
    line["val_accuracy"] = last_evaluation_->accuracy;
    text += fmt::format("accuracy {:.2f}%  ", 100 * last_evaluation_->accuracy);
  }
  return text;
}

void TrainingReport::write_first_line() {
  if (directory_ == nullptr) return;
  nlohmann::ordered_json line = {{"step", 0}};
  add_totals(line);
  spdlog::info("step      0  {}", add_validation(line));
  write_metrics(line);
}

void TrainingReport::write_line(std::int64_t step, const StepResult& result, double learning_rate,
                                bool evaluated) {
  const Window& window = last_line_ = std::exchange(since_line_, {});
  if (directory_ == nullptr) return;
  const double seconds = window.seconds / window.steps;
  const double rate = targets_per_second(window);
  nlohmann::ordered_json line = {
      {"step", step},
      {"loss", result.loss},
      {"learning_rate", learning_rate},
      {"grad_norm", result.gradient_norm},
      {"targets", result.targets},
      {"step_seconds", seconds},
      {std::string(pipeline_.batches.rate_unit()) + "_per_second", rate},
      {"bubble_fraction", window.bubble / window.steps},
      {"bubble_predicted", pipeline_.runner.predicted_bubble(
                               {.stages = window.stage_seconds, .pieces = window.piece_seconds})},
      {"peak_bytes",
       std::vector<std::int64_t>(result.peak_bytes.begin(), result.peak_bytes.end())}};
  add_totals(line);
  const std::string validation = evaluated ? add_validation(line) : "";
  write_metrics(line);
  progress_.clear();
  spdlog::info("step {:>6}  loss {:.4f}  {}{:.0f} {}/s", step, result.loss, validation, rate,
               pipeline_.batches.rate_unit());
}

void TrainingReport::draw_progress(std::int64_t step, double loss) {
  if (!progress_.visible()) return;
  // The last line's steps and those since: few steps alone would make the figures jump.
  Window recent = last_line_;
  recent.steps += since_line_.steps;
  recent.rows += since_line_.rows;
  recent.seconds += since_line_.seconds;
  progress_.draw(step, loss, targets_per_second(recent),
                 recent.seconds / recent.steps * static_cast<double>(config_.steps - step));
}

void TrainingReport::write_metrics(const nlohmann::ordered_json& line) {
  try {
    directory_->write_metrics(line);
  } catch (const Error& error) {
    if (config_.on_write_error == OnWriteError::kStop) throw;
    if (!metrics_failed_) spdlog::warn("{}; training goes on", error.what());
    metrics_failed_ = true;
  }
}

void TrainingReport::sync_metrics() {
  try {
    directory_->sync_metrics();
  } catch (const Error& error) {
    if (config_.on_write_error == OnWriteError::kStop) throw;
    spdlog::warn("{}; training goes on", error.what());
  }
}

RunSummary TrainingReport::summarize(PipelineRank& pipeline, const MemoryPool& pool,
                                     Collective& world, const RunFacts& facts) {
  const auto rank = static_cast<std::size_t>(world.rank());
  RankSummary own = summarize_rank(pipeline, pool, busy_seconds_[rank], run_seconds_[rank]);
  own.times = times_;
  own.taken = memory_.taken(pipeline, pool, facts.checkpoint_bytes);
  const std::vector<std::string> rows = world.all_gather_text(to_text(own));
  if (directory_ == nullptr) return {};
  progress_.clear();
  const Schedule& schedule = pipeline_.layout.schedule;
  RunSummary run;
  run.steps = whole_run_.steps;
  run.seconds = facts.training_seconds;
  run.rate = targets_per_second(whole_run_);
  run.rate_unit = pipeline_.batches.rate_unit();
  run.coordinator_share = facts.feeding_seconds / whole_run_.seconds;
  run.bubble = whole_run_.bubble / whole_run_.steps;
  run.predicted_bubble = pipeline_.runner.predicted_bubble(
      {.stages = whole_run_.stage_seconds, .pieces = whole_run_.piece_seconds});
  run.microbatches = schedule.microbatches;
  run.slices = schedule.slices;
  run.stages = pipeline_.map.stage_count();
  run.replicas = pipeline_.map.grid().data();
  if (last_evaluation_) {
    run.first_validation_loss = first_evaluation_->loss;
    run.last_validation_loss = last_evaluation_->loss;
  }
  if (last_evaluation_ && pipeline_.batches.classifies()) {
    run.first_accuracy = first_evaluation_->accuracy;
    run.last_accuracy = last_evaluation_->accuracy;
  }
  run.curve = loss_curve(config_.output);
  run.output = config_.output;
  run.placement = facts.placement;
  for (const std::string& row : rows) run.ranks.push_back(rank_summary_of(row));
  return run;
}

void TrainingReport::show(const RunSummary& run, bool done) {
  const std::string whole = "; the run is whole in " + config_.output;
  try {
    if (!offer_output(summary_text(run))) {
      spdlog::warn("nobody reads standard output any more, the summary is not shown{}", whole);
    }
  } catch (const Error& error) {
    // Not an error that hides from a job script that the run was stopped and is to go on.
    if (done) throw Error(error.code(), error.what() + whole);
    spdlog::warn("{}{}", error.what(), whole);
  }
}

}  // namespace pipetrain
