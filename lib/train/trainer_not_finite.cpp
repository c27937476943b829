#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "train/trainer.h"

namespace pipetrain {
namespace {

constexpr const char* kAdvice = "lower optimizer.learning_rate, or set optimizer.clip_norm";

}  // namespace

// A step that follows `step` others runs on the weights after so many of them.
std::int64_t Trainer::weights_of(std::int64_t step) const {
  return std::max<std::int64_t>(step - config_.pipeline.delay, 0);
}

void Trainer::handle_not_finite(const StepContext& step, const StepResult& result) {
  // The same batch again, looking at every layer's result; nothing was updated, so it shows again.
  pipeline_.runner.expect_batch(step);
  if (coordinates()) feed(pipeline_.batches.batch_rows(step));
  const std::string where = pipeline_.runner.find_not_finite(step);
  report_.clear_progress();
  const std::string what = (std::isfinite(result.loss) ? "gradient" : "loss") +
                           std::string(" is not finite at step ") + std::to_string(step.step + 1) +
                           ": first in " + where;
  if (config_.train.on_nonfinite == OnNonfinite::kStop) stop_at_not_finite(step.step, what);
  if (++skipped_steps_ >= config_.train.max_skipped_steps) give_up_skipping(step.step, what);
  if (coordinates()) spdlog::warn("{}; the step is skipped", what);
}

// Nothing was updated since the last good step, `step` by its count.
void Trainer::stop_at_not_finite(std::int64_t step, const std::string& what) {
  const bool saved = save_checkpoint(step, /*in_background=*/false);
  const std::string doubt = doubt_of_weights(step);
  std::string outcome = "the checkpoint is of the last good step";
  if (!ruined_.empty()) {
    outcome = "no checkpoint of these weights: " + ruined_ + " is not finite";
  } else if (!saved) {
    outcome = "a checkpoint of the last good step could not be written";
  } else if (!doubt.empty()) {
    outcome = "--resume takes the checkpoint of the last good step by name only: " + doubt;
  }
  const std::string own = !resume_from_.empty() && weights_of(step) <= first_step_
                              ? "; the weights are those of " + resume_from_ +
                                    ": if they are ruined go on from an older one"
                              : "";
  throw Error(ExitCode::kNotFinite,
              what + "; " + outcome + own + "; " + kAdvice + ", or set train.on_nonfinite=skip");
}

void Trainer::give_up_skipping(std::int64_t step, const std::string& what) {
  checkpoints_.complete();
  const std::int64_t ruined = weights_of(step + 1 - skipped_steps_);
  std::string outcome = "; the weights after step " + std::to_string(ruined) + " may be ruined";
  if (last_evaluation_ && evaluated_step_ >= ruined && std::isfinite(last_evaluation_->loss)) {
    outcome = "; the validation loss of these weights is finite: look at the data of these steps";
  } else if (coordinates() && !checkpoints_.set_aside_from(ruined).empty()) {
    outcome +=
        ", so their checkpoints are now in " + config_.train.output + "/checkpoints/set-aside";
  }
  throw Error(ExitCode::kNotFinite,
              what + "; that makes " + std::to_string(skipped_steps_) +
                  " skipped steps in a row, as many as train.max_skipped_steps" + outcome +
                  "; go on from an older checkpoint with --resume, and " + kAdvice);
}

void Trainer::fail_for_ruined(std::int64_t step) const {
  throw Error(ExitCode::kNotFinite,
              "the weights are not finite after step " + std::to_string(step) + ": first in " +
                  ruined_ + "; no checkpoint of them is written, earlier ones are as they were; " +
                  kAdvice);
}

std::string Trainer::doubt_of_weights(std::int64_t step) const {
  if (last_evaluation_ && evaluated_step_ == step) {
    return std::isfinite(last_evaluation_->loss) ? "" : "their validation loss is not finite";
  }
  if (skipped_steps_ == 0) return {};
  return skipped_steps_ == 1
             ? "the last step was not finite"
             : "the last " + std::to_string(skipped_steps_) + " steps were not finite";
}

}  // namespace pipetrain
