#include "comm/mpi/mpi_mailbox.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <string>
#include <utility>

#include "base/error.h"
#include "comm/mpi/check.h"

namespace pipetrain {

int tag_of(const Message& message, const StageNumbers& stages) {
  const int microbatches = microbatches_in_tag(stages);
  const int number = message.stage / stages.dealt_to;
  const bool fits = message.stage >= 0 && number < stages.count && message.microbatch >= 0 &&
                    message.microbatch < microbatches;
  if (!fits) {
    throw Error(ExitCode::kConfiguration,
                text_of(message) + " cannot be named: with " + std::to_string(stages.count) +
                    " stages per rank at most " + std::to_string(microbatches) +
                    " microbatches fit into MPI's tags below " + std::to_string(kTags) +
                    "; use fewer pipeline.microbatches or virtual stages");
  }
  assert(message.parity >= 0 && message.parity < kParities);
  return (message.parity * stages.count + number) * microbatches + message.microbatch;
}

MpiMailbox::MpiMailbox(const std::vector<int>& world_ranks, MemoryPool& pool, WaitOptions wait,
                       StageNumbers stages)
    : world_ranks_(world_ranks), pool_(pool), wait_(wait), stages_(stages) {
  communicators_[0] = Communicator(world_ranks);
  for (std::size_t c = 1; c < communicators_.size(); ++c) {
    communicators_[c] = communicators_[0].duplicate();
  }
  rank_ = communicators_[0].rank();
}

MpiMailbox::~MpiMailbox() {
  const auto is_active = [](const Transfer& t) { return t.request.active(); };
  const bool unfinished = std::any_of(sends_.begin(), sends_.end(), is_active) ||
                          std::any_of(receives_.begin(), receives_.end(), is_active);
  if (!unfinished) return;
  // After an error. Freeing a communicator that is in use could wait for the peer, so it is left.
  for (Communicator& communicator : communicators_) communicator.release();
}

MPI_Comm MpiMailbox::communicator_for(const Message& message) const {
  return communicators_[static_cast<std::size_t>(message.channel)].get();
}

void MpiMailbox::send(const Message& message, Tensor&& tensor) {
  if (message.peer == rank_) return kept_.send(message, std::move(tensor));
  const int tag = tag_of(message, stages_);
  const std::size_t bytes = tensor.bytes();
  sends_.push_back(
      {message, Request::send(std::move(tensor), message.peer, tag, communicator_for(message))});
  sent_bytes_ += bytes;
  ++started_;
}

void MpiMailbox::post_receive(const Message& message, Shape shape, DType dtype) {
  if (message.peer == rank_) return kept_.post_receive(message, shape, dtype);
  post_receive_into(message, Tensor(pool_, shape, dtype));
}

void MpiMailbox::post_receive_into(const Message& message, Tensor&& room) {
  if (message.peer == rank_) return kept_.post_receive_into(message, std::move(room));
  const int tag = tag_of(message, stages_);
  receives_.push_back(
      {message, Request::receive(std::move(room), message.peer, tag, communicator_for(message))});
  ++started_;
}

Tensor MpiMailbox::take(const Message& message, const char* needed_by) {
  if (message.peer == rank_) return kept_.take(message, world_rank(), needed_by);
  const auto posted = std::find_if(receives_.begin(), receives_.end(), [&](const Transfer& t) {
    return same_name(t.message, message);
  });
  if (posted == receives_.end()) throw_not_posted(world_rank(), message, needed_by);
  const auto has_come = [&] {
    if (posted->request.active()) poll();
    return !posted->request.active();
  };
  wait_until(has_come, wait_, world_rank(),
             [&] { return text_of_wait(message, world_rank_of(message.peer), needed_by); });
  Tensor tensor = posted->request.take_buffer();
  receives_.erase(posted);
  return tensor;
}

MpiMailbox::Transfer& MpiMailbox::transfer_at(std::size_t index) {
  return index < sends_.size() ? sends_[index] : receives_[index - sends_.size()];
}

void MpiMailbox::poll() {
  handles_.clear();
  for (const Transfer& t : sends_) handles_.push_back(t.request.handle());
  for (const Transfer& t : receives_) handles_.push_back(t.request.handle());
  indices_.resize(handles_.size());
  statuses_.resize(handles_.size());
  int count = 0;
  const int code = MPI_Testsome(static_cast<int>(handles_.size()), handles_.data(), &count,
                                indices_.data(), statuses_.data());
  if (code != MPI_ERR_IN_STATUS) check_mpi("MPI_Testsome", code);
  if (count == MPI_UNDEFINED || count == 0) return;  // none active, or none completed

  const auto completed = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < completed; ++i) {
    transfer_at(static_cast<std::size_t>(indices_[i])).request.set_completed();
  }
  completed_ += completed;
  for (std::size_t i = 0; i < completed; ++i) {
    const int own_code = code == MPI_ERR_IN_STATUS ? statuses_[i].MPI_ERROR : MPI_SUCCESS;
    check_completed(transfer_at(static_cast<std::size_t>(indices_[i])), statuses_[i], own_code);
  }
  std::erase_if(sends_, [](const Transfer& t) { return !t.request.active(); });
}

void MpiMailbox::check_completed(const Transfer& transfer, const MPI_Status& status,
                                 int code) const {
  const Tensor& buffer = transfer.request.buffer();
  int kind = MPI_SUCCESS;  // of a code that is the library's own
  MPI_Error_class(code, &kind);
  if (kind == MPI_ERR_TRUNCATE) {
    throw_wrong_size(world_rank(), transfer.message, "more than " + std::to_string(buffer.bytes()),
                     buffer.bytes());
  }
  if (code != MPI_SUCCESS) check_mpi(("transfer of " + text_of(transfer.message)).c_str(), code);
  if (!transfer.request.is_receive()) return;
  int count = 0;  // MPI_UNDEFINED for what is no whole number of elements
  check_mpi("MPI_Get_count", MPI_Get_count(&status, mpi_type_of(buffer.dtype()), &count));
  if (count != buffer.elements()) {
    const std::size_t bytes = static_cast<std::size_t>(count) * element_bytes(buffer.dtype());
    throw_wrong_size(world_rank(), transfer.message,
                     count == MPI_UNDEFINED ? "other" : std::to_string(bytes), buffer.bytes());
  }
}

void MpiMailbox::flush() {
  const auto all_have_left = [&] {
    poll();
    return sends_.empty();
  };
  wait_until(all_have_left, wait_, world_rank(), [&] {
    const Message& first = sends_.front().message;
    return "rank " + std::to_string(world_rank_of(first.peer)) + " to receive " + text_of(first);
  });
}

}  // namespace pipetrain
