#include "train/run_checkpoints.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iterator>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "checkpoint/checkpoint_list.h"
#include "checkpoint/set_aside.h"
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

RunCheckpoints::RunCheckpoints(const TrainConfig& config, Collective& world, MemoryPool& pool,
                               std::function<std::string()> why_gone)
    : config_(config),
      world_(world),
      pool_(pool),
      why_gone_(std::move(why_gone)),
      folder_(config.output + "/checkpoints") {}

RunCheckpoints::~RunCheckpoints() { end_part(); }

std::vector<std::string> RunCheckpoints::set_aside_from(std::int64_t step) const {
  if (!gone().empty()) return {};
  SetAside aside(config_.output);
  set_aside_newer(folder_, step - 1, aside);
  return aside.taken();
}

// Does it in a thread; end_part() waits for it.
void RunCheckpoints::begin(std::function<void()> part) {
  working_ = true;
  thread_ = std::thread([this, part = std::move(part)] {
    error_ = error_of(part);
    working_ = false;
  });
}

void RunCheckpoints::end_part() {
  if (thread_.joinable()) thread_.join();
}

// A disk may take longer than a message ever may, so meanwhile the ranks tell each other that they
// are there.
void RunCheckpoints::end_all_parts() {
  constexpr std::chrono::milliseconds kNap(1), kSign(250);
  std::vector<double> at_work;
  do {
    const auto sign = std::chrono::steady_clock::now() + kSign;
    while (working_ && std::chrono::steady_clock::now() < sign) std::this_thread::sleep_for(kNap);
    at_work = {working_ ? 1.0 : 0.0};
    world_.all_reduce(std::span(at_work));
  } while (at_work[0] > 0);
  end_part();
}

bool RunCheckpoints::write(Contents contents, bool in_background) {
  complete();
  failed_ = false;
  const double start = wall_seconds();
  const bool beside = in_background && config_.checkpoint_background;
  if (beside) contents.tensors = copied(contents.tensors);
  pending_ = {.contents = std::move(contents), .beside = beside, .started = start};
  if (world_.rank() == 0) {
    begin([this] {
      if (pending_->contents.first) pending_->contents.first();
      if (const std::string reason = gone(); !reason.empty()) {
        throw Error(ExitCode::kCheckpoint, reason);
      }
      begin_checkpoint(folder_, step());
    });
  }
  pending_->stalled = wall_seconds() - start;
  if (!beside) complete();
  return !failed_;
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

void RunCheckpoints::write_file() {
  list_.clear();
  const std::vector<CheckpointTensor>& tensors = pending_->contents.tensors;
  if (tensors.empty()) return;
  list_ = write_rank_file(folder_, step(), world_.rank(), world_.size(), tensors, largest_);
}

void RunCheckpoints::advance() {
  const double start = wall_seconds();
  end_all_parts();
  if (!went_well(std::exchange(error_, {}), step())) return;
  switch (++pending_->parts_done) {
    case 1:  // the folder is there
      begin([this] { write_file(); });
      break;
    case 2: {  // the files are
      std::vector<std::string> lists = world_.all_gather_text(list_);
      if (world_.rank() == 0) {
        begin([this, lists = std::move(lists)] { finish(lists); });
      }
      break;
    }
    default:
      pending_->stalled += wall_seconds() - start;
      if (world_.rank() == 0) say_done();
      pending_.reset();
      return;
  }
  pending_->stalled += wall_seconds() - start;
}

void RunCheckpoints::complete() {
  while (pending()) advance();
}

void RunCheckpoints::finish(const std::vector<std::string>& lists) {
  const Contents& contents = pending_->contents;
  std::vector<std::string> written;
  std::copy_if(lists.begin(), lists.end(), std::back_inserter(written),
               [](const std::string& list) { return !list.empty(); });
  finish_checkpoint(folder_, contents.position, written, contents.tokenizer_json,
                    contents.config_yaml);
  not_removed_ =
      error_of([&] { remove_old_checkpoints(folder_, step(), config_.keep_checkpoints); });
  not_linked_ = error_of([&] { link_best_checkpoint(folder_); });
}

void RunCheckpoints::say_done() const {
  const std::string folder = checkpoint_folder(folder_, step());
  const double seconds = wall_seconds() - pending_->started;
  if (pending_->beside) {
    spdlog::info("checkpoint: {} ({:.2f} s, training waited {:.3f} s)", folder, seconds,
                 pending_->stalled);
  } else {
    spdlog::info("checkpoint: {} ({:.2f} s)", folder, seconds);
  }
  if (const std::string& doubt = pending_->contents.position.doubt; !doubt.empty()) {
    spdlog::warn("its weights may be ruined ({}): --resume takes it by name only", doubt);
  }
  if (!not_removed_.empty()) spdlog::warn("an older one stays: {}", not_removed_);
  if (!not_linked_.empty()) spdlog::warn("the best one has no link: {}", not_linked_);
}

std::string RunCheckpoints::what_is_left() {
  bool some = false;
  error_of([&] { some = !checkpoint_steps(folder_).empty(); });
  return world_
      .all_gather_text(some ? "earlier checkpoints are as they were; --resume goes on from the last"
                            : "there is no earlier checkpoint to go on from")
      .front();
}

bool RunCheckpoints::went_well(const std::string& error, std::int64_t step) {
  const std::vector<std::string> errors = world_.all_gather_text(error);
  const auto first =
      std::find_if(errors.begin(), errors.end(), [](const auto& text) { return !text.empty(); });
  if (first == errors.end()) return true;
  pending_.reset();
  failed_ = true;
  const std::string lost = world_.all_gather_text(gone()).front();
  if (!lost.empty()) throw Error(ExitCode::kCheckpoint, lost);
  if (world_.rank() == 0) {
    std::error_code left;  // it has no manifest: whatever stays is no checkpoint
    std::filesystem::remove_all(partial_folder(folder_, step), left);
  }
  const std::string left = what_is_left();
  if (config_.on_write_error == OnWriteError::kStop) {
    throw Error(ExitCode::kCheckpoint, *first + "; " + left);
  }
  if (world_.rank() == 0) spdlog::warn("no checkpoint: {}; {}", *first, left);
  return false;
}

}  // namespace pipetrain
