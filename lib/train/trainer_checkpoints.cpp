// How a training run is taken up from a checkpoint, and when and with what it writes its own.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "ops/entrywise.h"
#include "setup/run_origin.h"
#include "setup/same_model.h"
#include "setup/weights.h"
#include "train/trainer.h"

namespace pipetrain {

// What the weights were trained on may be other data, in which a token may be another.
void Trainer::warn_of_other_tokenizer(const Checkpoint& checkpoint) const {
  try {
    check_tokenizer(checkpoint, *source_);
  } catch (const Error& error) {
    spdlog::warn("train.init_from: {}", error.what());
  }
}

void Trainer::load() {
  const std::string& init_from = config_.train.init_from;
  if (!resume_from_.empty()) {
    const Checkpoint checkpoint = await_checkpoint(resume_from_);
    if (coordinates()) check_tokenizer(checkpoint, *source_);
    resumed_at_ = checkpoint.position();
    load_versions(checkpoint, pipeline_.versions, resumed_at_.step);
    check_model(checkpoint, config_.model);
    load_moments(checkpoint, pipeline_.versions.newest());
    first_step_ = resumed_at_.step;
    skipped_steps_ = resumed_at_.skipped_steps;
  } else if (!init_from.empty()) {
    const Checkpoint checkpoint = open_checkpoint(init_from);
    for (std::size_t v = 0; v < pipeline_.versions.count(); ++v) {
      load_weights(checkpoint, pipeline_.versions[v]);
    }
    check_model(checkpoint, config_.model);
    if (coordinates()) warn_of_other_tokenizer(checkpoint);
  }
}

// After so many steps: the checkpoint, if one is due. False if the run stops, or is cut anew.
bool Trainer::end_at(std::int64_t step, bool stops) {
  const TrainConfig& train = config_.train;
  const bool last = step == train.steps;
  if (last || stops || (train.checkpoint_every > 0 && step % train.checkpoint_every == 0)) {
    report_.clear_progress();
    std::optional<Layout> layout;
    if (!last && !stops) layout = layout_to_go_on_with();
    if (checkpoint_step(step, last, stops, layout.has_value()) && layout) {
      go_on_with(std::move(*layout), step);
      return false;
    }
  }
  if (stops && coordinates()) {
    spdlog::warn("stopped on request after step {} of {}; --resume goes on from there", step,
                 train.steps);
  }
  return !stops;
}

// After step `step`, whose checkpoint is due: the last, one at which the run stops or is cut anew,
// or one between. Whether it is on the disk, or on its way.
bool Trainer::checkpoint_step(std::int64_t step, bool last, bool stops, bool recuts) {
  const bool between = !last && !stops;
  if (const std::string doubt = doubt_of_weights(step); between && !doubt.empty()) {
    if (coordinates()) spdlog::warn("no checkpoint of step {}: {}", step, doubt);
    return false;
  }
  const bool saved = save_checkpoint(step, /*in_background=*/between && !recuts);
  if (!ruined_.empty() && (last || config_.train.on_nonfinite == OnNonfinite::kStop))
    fail_for_ruined(step);
  if (!ruined_.empty() && coordinates()) {
    spdlog::warn("no checkpoint of step {}: {} is not finite; earlier ones are as they were", step,
                 ruined_);
  }
  if (stops && !saved) {
    throw Error(ExitCode::kCheckpoint, "stopped on request after step " + std::to_string(step) +
                                           " of " + std::to_string(config_.train.steps) +
                                           ", but without a checkpoint; " +
                                           checkpoints_.what_is_left());
  }
  return saved;
}

bool Trainer::save_checkpoint(std::int64_t step, bool in_background) {
  const Grid& grid = pipeline_.map.grid();
  const Schedule& schedule = pipeline_.layout.schedule;
  RunCheckpoints::Contents contents{
      .position = {.step = step,
                   .rows = pipeline_.batches.epochs().rows_before(step),
                   .microbatches = schedule.microbatches,
                   .data = grid.data(),
                   .tensor = grid.tensor(),
                   .pipeline = grid.pipeline(),
                   .virtual_stages = schedule.virtual_stages(),
                   .targets = report_.targets(),
                   .elapsed_seconds = report_.elapsed_seconds(),
                   .skipped_steps = skipped_steps_,
                   .partition = pipeline_.layout.rounding_cut(),
                   .doubt = doubt_of_weights(step)},
      .tensors = tensors_to_save(pipeline_.versions, step)};
  ruined_ = first_not_finite(contents.tensors);
  if (!ruined_.empty()) return false;
  if (last_evaluation_ && evaluated_step_ == step) {
    contents.position.validation_loss = last_evaluation_->loss;
  }
  if (coordinates()) {
    contents.tokenizer_json = tokenizer_json_;
    contents.config_yaml = resolved_yaml(config_);
    contents.position.origin = origin_;
    contents.position.origin.date = utc_date();
    contents.first = [this] { report_.sync_metrics(); };  // the lines up to here
  }
  return checkpoints_.write(std::move(contents), in_background);
}

std::string Trainer::first_not_finite(const std::vector<CheckpointTensor>& tensors) {
  std::string mine;
  for (const CheckpointTensor& tensor : tensors) {
    if (!mine.empty() || tensor.type != StoredType::kFloat32) continue;
    const Extents& extent = tensor.extent.empty() ? tensor.shape : tensor.extent;
    const ConstMatrix entries(static_cast<const float*>(tensor.data), 1,
                              elements_of(extent, tensor.name));
    if (all_finite(pipeline_.state.ops(), entries)) {
      continue;
    }
    mine = tensor.name;
  }
  for (const std::string& text : collective_.all_gather_text(mine)) {
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace pipetrain
