#include "train/trainer.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "optim/learning_curves.h"
#include "setup/resumed_settings.h"
#include "setup/weights.h"
#include "train/announcement.h"
#include "train/start_report.h"

namespace pipetrain {

namespace {

// Of all ranks; of none where they take turns on cores, as times say nothing then.
std::vector<std::string> comparable_hosts(const World& world) {
  std::vector<std::string> hosts;
  if (world.oversubscribed()) return hosts;
  for (const RankPlace& place : world.places) hosts.push_back(place.host);
  return hosts;
}

}  // namespace

Trainer::Trainer(const Config& config, const World& world, const Source* source,
                 RunDirectory* directory, const ModelSetup& model, const GridLinks& links,
                 MemoryPool& pool, const TrainerOptions& options)
    : config_(config),
      world_(world),
      source_(source),
      model_(model),
      tokenizer_json_(source == nullptr ? "" : source->tokenizer().dump()),
      directory_(directory),
      collective_(links.world),
      pool_(pool),
      pipeline_(config, model, links, pool, Mode::kTrain,
                options.recut ? std::optional(options.recut->layout) : std::nullopt),
      report_(config.train, pipeline_, directory, options.progress),
      slow_ranks_(foreseen_work(pipeline_), comparable_hosts(world)),
      checkpoints_(config.train, links.world, pool,
                   [directory] { return directory == nullptr ? "" : directory->why_gone(); }),
      rebalance_(options.rebalance),
      resume_from_(options.resume_from),
      origin_(options.origin),
      program_(options.program),
      begun_(options.begun),
      line_written_(options.line_written),
      times_(options.times) {
  times_.take(pipeline_.layout.times);
  if (options.recut) {
    seconds_before_cut_ = options.recut->trials.seconds();
    trials_ = options.recut->trials;
  }
  if (options.trace) {
    const Schedule& schedule = pipeline_.layout.schedule;
    trace_ = std::make_unique<RunTrace>(
        trace_path(config.train.output),
        "pipetrain, " + config.pipeline.schedule + ", " + std::to_string(schedule.microbatches) +
            " microbatches",
        traced_range(schedule, links.grid.data(), config.train.steps), world, links.world);
  }
  if (coordinates()) {
    coordinator_ = make_coordinator(*source, pipeline_, links.mailbox, pool);
  }
  evaluator_ =
      std::make_unique<Evaluator>(config.train, pipeline_, links.world, source, coordinator_.get());
  times_.end("parameters");
}

bool Trainer::run() {
  const TrainConfig& train = config_.train;
  const bool begins = resume_from_.empty();
  times_.end("weights from a checkpoint");
  if (first_step_ >= train.steps && !(begins && train.steps == 0)) {
    if (coordinates()) {
      const bool decays = learning_curve_of(config_.optimizer.schedule).decays;
      spdlog::info(
          "nothing to do: {} steps are done of {}; raise train.steps to go on{}", first_step_,
          train.steps,
          decays ? ", and optimizer.schedule.decay_steps for a learning rate to learn with" : "");
    }
    return true;
  }
  const bool recut = seconds_before_cut_.has_value();
  if (coordinates() && recut) {
    directory_->change_schedule(pipeline_.layout.schedule);
    announce_cut();
  } else if (coordinates()) {
    directory_->begin(config_, tokenizer_json_, pipeline_.layout.schedule,
                      begins ? -1 : first_step_);
    announce();
  }
  record_start();
  begun_();
  report_.begin(
      begins ? 0 : resumed_at_.elapsed_seconds,
      resumed_at_.targets.value_or(resumed_at_.rows * pipeline_.batches.targets_per_row()));
  if (train.steps == 0) {
    write_starting_weights();
    if (coordinates()) record_->end("done", nlohmann::ordered_json::object());
    return true;
  }
  if (train.checkpoint_background && train.checkpoint_every > 0) {
    checkpoints_.reserve(tensors_to_save(pipeline_.versions, first_step_));
  }
  feed_training(first_step_);
  share_lost();
  times_.end("first batch");
  const bool looks = lost_.empty() && validates() && !recut;
  if (looks && evaluate(first_step_) && begins) report_.write_first_line();
  if (!lost_.empty()) stop_without_data(first_step_);
  times_.end("evaluation");
  began_ = wall_seconds();
  bool goes_on = true;
  for (std::int64_t step = first_step_; goes_on && step < train.steps;) {
    const bool first = step == first_step_;
    goes_on = trace_                             ? step_once(step++)
              : pipeline_.runner.overlaps()      ? run_stretch(step)
              : pipeline_.runner.updates_early() ? run_early_stretch(step)
                                                 : step_once(step++);
    if (first) report_start();
  }
  checkpoints_.complete();
  count_taken_back();
  record_end(goes_on ? "done" : next_ ? "cut anew" : "stopped");
  return goes_on;
}

// Collective, after the first step.
void Trainer::report_start() {
  times_.end("first step");
  std::vector<RankStart> ranks;
  for (const std::string& text :
       collective_.all_gather_text(to_text({times_, process_memory(), pool_.reserved_bytes()}))) {
    ranks.push_back(rank_start_of(text));
  }
  if (!coordinates()) return;
  for (const std::string& line : start_table(ranks)) spdlog::debug("{}", line);
}

void Trainer::write_starting_weights() {
  if (validates()) {
    if (!evaluate(0)) stop_without_data(0);
    report_.write_first_line();
  }
  save_checkpoint(0, /*in_background=*/false);
  if (!ruined_.empty()) fail_for_ruined(0);
  if (coordinates())
    spdlog::info("train.steps is 0: these are the weights that training starts with");
}

RankNotice Trainer::notice() const {
  return {.stop = stop_requested(), .writing = checkpoints_.working(), .lost = !unread_.empty()};
}

// Whether training goes on after it: not if someone wanted it to stop.
bool Trainer::step_once(std::int64_t step) {
  const TrainConfig& train = config_.train;
  OtherWork feed{"feed", wall_seconds(), 0};
  if (step + 1 < train.steps) feed_training(step + 1);
  feed.end = wall_seconds();
  const StepContext context = pipeline_.batches.training_step(step);
  const double rate = learning_rate_at(config_.optimizer, step, train.steps);
  const StepResult result = pipeline_.runner.train(context, rate, notice());
  if (result.finite) {
    skipped_steps_ = 0;
    report_.add_times(pipeline_.runner.recorder(), feed.end - feed.start, result.step_seconds);
    report_.add_memory(pipeline_.runner.recorder(), pool_);
  } else {
    handle_not_finite(context, result);
  }
  const double stepped = wall_seconds();
  record_step(step + 1, result, feed);
  account(step, result, rate, feed);
  const bool stops = step + 1 < train.steps && result.stopping > 0;
  const bool goes_on = end_at(step + 1, stops);
  if (!goes_on) pipeline_.runner.discard_batch(pipeline_.batches.training_step(step + 1));
  pipeline_.runner.exclude_seconds(wall_seconds() - stepped);
  return goes_on;
}

// What a step has come to, its figures and what the ranks had to say.
void Trainer::account(std::int64_t step, const StepResult& result, double rate,
                      const OtherWork& feed) {
  report_.add_step(result, pipeline_.batches.training_step(step).rows);
  name_slow_ranks(step + 1, result);
  if (trace_) trace_step(step + 1, result, feed);
  if (result.lost > 0) share_lost();
  report_step(step + 1, result, rate);
  if (!lost_.empty()) stop_without_data(step + 1);
  if (checkpoints_.pending() && result.writing == 0) {
    report_.clear_progress();
    checkpoints_.advance();
  }
}

void Trainer::announce() const {
  const std::int64_t rows = pipeline_.batches.epochs().rows_before(first_step_);
  std::vector<std::string> warnings = {changed_rows(resumed_at_.rows, rows)};
  if (!resume_from_.empty()) {
    warnings.push_back(changed_cut(resumed_at_.partition, pipeline_.layout.rounding_cut()));
  }
  for (const std::string& warning : warnings) {
    if (!warning.empty()) spdlog::warn("{}", warning);
  }
  for (const LogLine& line : announcement(config_, world_, *source_, pipeline_)) {
    spdlog::log(line.level, "{}", line.text);
  }
  if (!rebalance_) return;
  const std::string never = why_never_recut(config_, world_, pipeline_.layout);
  if (!never.empty()) spdlog::warn("--rebalance has no effect: {}", never);
}

void Trainer::feed_training(std::int64_t step) {
  fed_ = step;
  const StepContext context = pipeline_.batches.training_step(step);
  pipeline_.runner.expect_batch(context);
  if (!coordinates()) return;
  const double before = coordinator_->seconds();
  feed(pipeline_.batches.batch_rows(context));
  feeding_seconds_ += coordinator_->seconds() - before;
}

// A batch that cannot be read is fed as zeros one step before it would run: all ranks end the step
// before it, hear of it with its figures and stop.
void Trainer::feed(const BatchRows& rows) {
  const std::string reason = coordinator_->feed_or_reason(rows);
  if (unread_.empty()) unread_ = reason;
}

// Collective.
void Trainer::share_lost() { lost_ = collective_.all_gather_text(unread_).front(); }

// Collective, after `step` steps.
void Trainer::stop_without_data(std::int64_t step) {
  report_.clear_progress();
  std::string end = "; no step was done";
  if (step > first_step_) {
    end = save_checkpoint(step, /*in_background=*/false)
              ? "; the checkpoint is of step " + std::to_string(step) + ": go on with --resume"
              : "; a checkpoint of step " + std::to_string(step) + " could not be written";
  }
  throw Error(ExitCode::kData, lost_ + end);
}

// False if rows could not be read, which is then in lost_.
bool Trainer::evaluate(std::int64_t step) {
  const Evaluation found = evaluator_->run();
  lost_ = found.lost;
  if (!lost_.empty()) return false;
  last_evaluation_ = found;
  evaluated_step_ = step;
  report_.add_evaluation(found);
  return true;
}

// Before anything else runs in the engine, whose recorder holds one step.
void Trainer::trace_step(std::int64_t step, const StepResult& result, const OtherWork& feed) {
  if (trace_->covers(step) && result.finite) {
    trace_->keep(step, pipeline_.runner.recorder(),
                 coordinates() && step < config_.train.steps ? std::vector<OtherWork>{feed}
                                                             : std::vector<OtherWork>{});
  }
  if (!trace_->ends_with(step)) return;
  trace_->write();
  trace_.reset();
  if (!coordinates()) return;
  report_.clear_progress();
  spdlog::info("trace: {}", trace_path(config_.train.output));
}

void Trainer::report_step(std::int64_t step, const StepResult& result, double learning_rate) {
  const TrainConfig& train = config_.train;
  const bool last = step == train.steps;
  const bool evaluates = lost_.empty() && validates() && (last || step % train.eval_every == 0);
  const bool logs = step == 1 || last || evaluates || step % train.log_every == 0;
  bool evaluated = false;
  if (evaluates) {
    report_.clear_progress();
    evaluated = evaluate(step);
  }
  if (logs || !lost_.empty()) {
    report_.write_line(step, result, learning_rate, evaluated);
    if (coordinates()) line_written_();
  }
  report_.draw_progress(step, result.loss);
}

}  // namespace pipetrain
