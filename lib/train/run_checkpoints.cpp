#include "train/run_checkpoints.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/log.h"
#include "checkpoint/checkpoint_list.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

// What `work` throws, in one line; empty if all went well.
template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::size_t bytes_of(const CheckpointTensor& tensor) {
  const Extents& extent = tensor.extent.empty() ? tensor.shape : tensor.extent;
  return static_cast<std::size_t>(elements_of(extent, tensor.name)) * bytes_of(tensor.type);
}

}  // namespace

RunCheckpoints::RunCheckpoints(const TrainConfig& config, Collective& world, MemoryPool& pool)
    : config_(config), world_(world), pool_(pool), folder_(config.output + "/checkpoints") {}

RunCheckpoints::~RunCheckpoints() { join(); }

void RunCheckpoints::join() {
  if (thread_.joinable()) thread_.join();
}

std::vector<std::int64_t> RunCheckpoints::set_aside_newer(std::int64_t step) const {
  return pipetrain::set_aside_newer(folder_, step);
}

void RunCheckpoints::write(const Contents& contents, bool in_background) {
  if (pending()) complete();
  const double start = wall_seconds();
  const std::int64_t step = contents.position.step;
  std::string error;
  if (world_.rank() == 0) error = error_of([&] { begin_checkpoint(folder_, step); });
  if (!went_well(error)) return;  // none writes before the folder is there

  pending_ = {contents.position, contents.tokenizer_json, contents.config_yaml, start, 0};
  written_ = false;
  if (in_background) {
    thread_ = std::thread(
        [this, step, tensors = copied(contents.tensors)] { write_mine(step, tensors); });
  } else {
    write_mine(step, contents.tensors);
  }
  pending_->stalled = wall_seconds() - start;
  if (!in_background) complete();
}

std::vector<CheckpointTensor> RunCheckpoints::copied(const std::vector<CheckpointTensor>& tensors) {
  std::size_t bytes = 0;
  for (const CheckpointTensor& tensor : tensors) bytes += bytes_of(tensor);
  if (copies_.bytes() < bytes) {
    copies_.reset();
    copies_ = Tensor(pool_, {static_cast<std::int64_t>((bytes + 3) / 4)});
  }
  std::vector<CheckpointTensor> copies = tensors;
  auto* at = static_cast<std::byte*>(copies_.data());
  for (CheckpointTensor& tensor : copies) {
    const std::size_t size = bytes_of(tensor);
    std::memcpy(at, tensor.data, size);
    tensor.data = at;
    at += size;
  }
  return copies;
}

void RunCheckpoints::write_mine(std::int64_t step, const std::vector<CheckpointTensor>& tensors) {
  list_.clear();
  error_ = error_of([&] {
    if (tensors.empty()) return;
    list_ = write_rank_file(folder_, step, world_.rank(), world_.size(), tensors);
  });
  written_ = true;
}

void RunCheckpoints::complete() {
  const double start = wall_seconds();
  join();
  const std::int64_t step = pending_->position.step;
  bool good = went_well(error_);
  if (good) {
    std::vector<std::string> lists = world_.all_gather_text(list_);
    std::erase(lists, std::string());
    good = went_well(world_.rank() == 0 ? finish(lists) : std::string());
  }
  if (world_.rank() == 0) {
    std::error_code left;  // it has no manifest: whatever stays is no checkpoint
    if (!good) std::filesystem::remove_all(partial_folder(folder_, step), left);
    const double now = wall_seconds();
    if (good) {
      spdlog::info("checkpoint: {} ({:.2f} s, training waited {:.3f} s)",
                   checkpoint_folder(folder_, step), now - pending_->started,
                   pending_->stalled + (now - start));
    }
  }
  pending_.reset();
}

std::string RunCheckpoints::finish(const std::vector<std::string>& lists) {
  return error_of([&] {
    finish_checkpoint(folder_, pending_->position, lists, pending_->tokenizer_json,
                      pending_->config_yaml);
    remove_old_checkpoints(folder_, pending_->position.step, config_.keep_checkpoints);
  });
}

bool RunCheckpoints::went_well(const std::string& error) {
  const std::vector<std::string> errors = world_.all_gather_text(error);
  const auto first =
      std::find_if(errors.begin(), errors.end(), [](const auto& text) { return !text.empty(); });
  if (first == errors.end()) return true;
  if (config_.on_write_error == "stop") {
    pending_.reset();
    throw Error(
        ExitCode::kCheckpoint,
        *first + "; earlier checkpoints are as they were; make room and go on with --resume");
  }
  if (world_.rank() == 0) {
    spdlog::warn("no checkpoint: {}; earlier ones are as they were, training goes on", *first);
  }
  return false;
}

}  // namespace pipetrain
