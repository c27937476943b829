// Training whose steps overlap: with gradients a step late, a step begins while others still work
// on the one before, and what comes of a step is known one step later.
#include <cstdint>
#include <utility>

#include "optim/learning_rate.h"
#include "train/trainer.h"

namespace pipetrain {

std::int64_t Trainer::stretch_end(std::int64_t first) const {
  const TrainConfig& train = config_.train;
  const auto due = [](std::int64_t step, int every) { return every > 0 && step % every == 0; };
  std::int64_t end = first + 1;
  if (first == first_step_) return end;  // whose time is the start's last part
  while (end < train.steps && !(validates() && due(end, train.eval_every)) &&
         !due(end, train.checkpoint_every)) {
    ++end;
  }
  return end;
}

// A batch is fed when the step two before it is over: its messages have the same names.
void Trainer::feed_stretch(std::int64_t step, bool first) {
  if (fed_ >= step) return;
  feed_training(step);
  if (!first) return;  // else the step before says what was lost
  share_lost();
  if (!lost_.empty()) stop_without_data(step);
}

// What this rank has recorded since the last time.
void Trainer::note_stretch() {
  note_times();
  pipeline_.runner.forget_recorded();
}

void Trainer::note_times() {
  const double now = wall_seconds();
  report_.add_times(pipeline_.runner.recorder(), std::exchange(feeding_, 0), now - noted_);
  report_.add_memory(pipeline_.runner.recorder(), pool_);
  noted_ = now;
}

// What comes of a step that is over, while the next one may be under way. Whether someone wants the
// run to stop.
bool Trainer::settle(std::int64_t step, bool next_runs) {
  const StepContext context = pipeline_.batches.training_step(step);
  const double rate = learning_rate_at(config_.optimizer, step, config_.train.steps);
  const StepResult result = pipeline_.runner.settle(context);
  const bool writes = checkpoints_.pending() && result.writing == 0;
  if (next_runs && (!result.finite || result.lost > 0 || writes)) {
    // All ranks meet now: one that is still in the next step needs what others do of it after here.
    note_stretch();
    pipeline_.runner.finish_overlapped(notice());
  }
  pipeline_.runner.update_after(context, result, rate);
  note_stretch();
  if (result.finite) {
    skipped_steps_ = 0;
  } else {
    handle_not_finite(context, result);
  }
  const double settled = wall_seconds();
  account(step, result, rate, {});
  noted_ = wall_seconds();
  pipeline_.runner.exclude_seconds(noted_ - settled);
  return result.stopping > 0;
}

bool Trainer::run_stretch(std::int64_t& step) {
  const std::int64_t first = step;
  std::int64_t end = stretch_end(first), settled = first;
  bool stops = false;
  noted_ = wall_seconds();
  for (; step < end; ++step) {
    if (step - settled == 2) {
      stops = settle(settled++, /*next_runs=*/true);
      if (stops) break;
    }
    if (step > first) note_stretch();
    const double feeds = wall_seconds();
    feed_stretch(step, step == first);
    feeding_ = wall_seconds() - feeds;
    pipeline_.runner.run_overlapped(pipeline_.batches.training_step(step), notice());
  }
  if (step - settled == 2) stops = settle(settled++, /*next_runs=*/true);
  note_stretch();
  pipeline_.runner.finish_overlapped(notice());
  stops = settle(settled, /*next_runs=*/false) || stops;
  stops = stops && step < config_.train.steps;
  const double over = wall_seconds();
  const bool goes_on = end_at(step, stops);
  pipeline_.runner.exclude_seconds(wall_seconds() - over);
  return goes_on;
}

}  // namespace pipetrain
