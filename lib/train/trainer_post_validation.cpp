// Training whose updates do not wait for the norm (pipeline.post_validation): a step's first
// forwards run on weights that are taken back, and those forwards run again, where the norm of the
// step before says so. No bit depends on it.
#include <spdlog/spdlog.h>

#include <cstdint>

#include "optim/learning_rate.h"
#include "train/trainer.h"

namespace pipetrain {

// What was done since then is no part of a step.
void Trainer::exclude_since(double begin) {
  const double seconds = wall_seconds() - begin;
  noted_ += seconds;
  pipeline_.runner.exclude_seconds(seconds);
}

// What comes of a step whose update is the right one now.
void Trainer::conclude(std::int64_t step, const StepResult& result, double rate) {
  const double before = wall_seconds();
  if (result.finite) {
    skipped_steps_ = 0;
  } else {
    handle_not_finite(pipeline_.batches.training_step(step), result);
  }
  account(step, result, rate, {});
  exclude_since(before);
}

// Of the step before `step`, whose first forwards have run on weights that are updated already.
// Whether someone wants the run to stop.
bool Trainer::validate_before(std::int64_t step) {
  StepRunner& runner = pipeline_.runner;
  const StepContext before = pipeline_.batches.training_step(step - 1),
                    begun = pipeline_.batches.training_step(step);
  const double rate = learning_rate_at(config_.optimizer, step - 1, config_.train.steps);
  const StepResult result = runner.settle(before);
  const bool stands = runner.stands(before, result);
  ++updated_early_;
  if (!stands) {
    ++taken_back_;
    runner.take_back(begun);
    runner.update_after(before, result, rate);
  }
  conclude(step - 1, result, rate);
  if (!stands) runner.run_again(begun);
  return result.stopping > 0;
}

// The step that has run to its end, behind which none has begun. Whether someone wants the run to
// stop.
bool Trainer::update_for_good(std::int64_t step) {
  StepRunner& runner = pipeline_.runner;
  const StepContext context = pipeline_.batches.training_step(step);
  const double rate = learning_rate_at(config_.optimizer, step, config_.train.steps);
  const StepResult result = runner.settle(context);
  runner.stands(context, result);
  runner.update_after(context, result, rate);
  note_times();
  const double before = wall_seconds();
  record_step(step + 1, result, {});
  runner.forget_recorded();
  exclude_since(before);
  conclude(step, result, rate);
  return result.stopping > 0;
}

bool Trainer::run_early_stretch(std::int64_t& step) {
  StepRunner& runner = pipeline_.runner;
  const std::int64_t steps = config_.train.steps;
  std::int64_t end = stretch_end(step);
  bool early = false, stops = false;
  noted_ = wall_seconds();
  feed_stretch(step, /*first=*/true);
  while (step < end) {
    const StepContext context = pipeline_.batches.training_step(step);
    runner.run_early(context);
    if (early) stops = validate_before(step);
    if (stops) end = step + 1;
    // The step before is over on all ranks: so are the messages that have the names of these.
    const double feeds = wall_seconds();
    if (step + 1 < end) feed_training(step + 1);
    feeding_ = wall_seconds() - feeds;
    runner.run_to_end(context, notice());
    early = step + 1 < end && runner.stood();
    if (early) {
      runner.update_early(context, learning_rate_at(config_.optimizer, step, steps));
      note_stretch();
    } else {
      stops = update_for_good(step) || stops;
    }
    ++step;
    if (stops && !early) end = step;
  }
  stops = stops && step < steps;
  const double over = wall_seconds();
  const bool goes_on = end_at(step, stops);
  if (!goes_on && fed_ >= step) runner.discard_batch(pipeline_.batches.training_step(step));
  exclude_since(over);
  return goes_on;
}

void Trainer::count_taken_back() const {
  if (!coordinates() || !pipeline_.runner.updates_early()) return;
  if (updated_early_ == 0) {
    spdlog::info(
        "post-validation: all updates waited for the norm, as every step clips, has targets that "
        "do not count, or ends in an evaluation or a checkpoint");
    return;
  }
  spdlog::info("post-validation: {} of {} updates that did not wait for the norm were taken back",
               taken_back_, updated_early_);
}

}  // namespace pipetrain
