// The Mailbox over MPI: receives posted ahead, sends that own their tensors, one communicator for
// each channel. It must not know what is in a tensor, nor the order in which messages come.
#pragma once

#include <mpi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "comm/kept.h"
#include "comm/mailbox.h"
#include "comm/mpi/communicator.h"
#include "comm/mpi/request.h"
#include "comm/stage_numbers.h"
#include "comm/wait.h"

namespace pipetrain {

// A tag holds the parity, which of its rank's stages a message is for, and the microbatch. MPI
// guarantees tags up to 32767 only.
constexpr int kTags = 32768;
constexpr int microbatches_in_tag(const StageNumbers& stages) {
  return kTags / (kParities * stages.count);
}
// Error(kConfiguration) that names the limit for a stage or microbatch beyond it.
int tag_of(const Message& message, const StageNumbers& stages);

// A message of another size than its posted receive is an Error, but only for eager ones (up to 4
// KB on one host) without harm: Open MPI 4.1 copies a longer one over the end of the buffer before
// it reports the truncation. That ranks agree on sizes is therefore to be checked at the start.
class MpiMailbox final : public Mailbox {
 public:
  // Made by all of `world_ranks` together; message peers are places in that list. Every
  // Message::stage must be below stages.dealt_to x stages.count, the same on all ranks, and every
  // microbatch below microbatches_in_tag(stages).
  MpiMailbox(const std::vector<int>& world_ranks, MemoryPool& pool, WaitOptions wait,
             StageNumbers stages);
  ~MpiMailbox() override;

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(world_ranks_.size()); }
  void send(const Message& message, Tensor&& tensor) override;
  void post_receive(const Message& message, Shape shape, DType dtype) override;
  void post_receive_into(const Message& message, Tensor&& room) override;
  Tensor take(const Message& message, const char* needed_by) override;
  void poll() override;
  void flush() override;

  // Every request that was started must one day be completed; those to oneself need none.
  std::uint64_t started_requests() const { return started_; }
  std::uint64_t completed_requests() const { return completed_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  struct Transfer {
    Message message;
    Request request;
  };

  MPI_Comm communicator_for(const Message& message) const;
  int world_rank() const { return world_ranks_[static_cast<std::size_t>(rank_)]; }
  int world_rank_of(int peer) const { return world_ranks_.at(static_cast<std::size_t>(peer)); }
  Transfer& transfer_at(std::size_t index);  // sends first, then receives: the order of handles_
  // Throws unless the operation came to a good end and, for a receive, filled its buffer.
  void check_completed(const Transfer& transfer, const MPI_Status& status, int code) const;

  std::vector<int> world_ranks_;
  MemoryPool& pool_;
  WaitOptions wait_;
  StageNumbers stages_;
  int rank_;
  std::array<Communicator, kChannels> communicators_;
  std::vector<Transfer> sends_, receives_;
  KeptMessages kept_;
  std::uint64_t started_ = 0, completed_ = 0, sent_bytes_ = 0;
  // Scratch of poll(), kept so that it allocates nothing.
  std::vector<MPI_Request> handles_;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
};

}  // namespace pipetrain
