#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "comm/in_process_state.h"
#include "comm/kept.h"

namespace pipetrain {
namespace {

class InProcessMailbox final : public Mailbox {
 public:
  InProcessMailbox(std::shared_ptr<InProcessState> state, int rank, MemoryPool& pool)
      : state_(std::move(state)), rank_(rank), pool_(pool) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(state_->inboxes.size()); }

  void send(const Message& message, Tensor&& tensor) override {
    if (message.peer == rank_) return kept_.send(message, std::move(tensor));
    const Tensor sent =
        std::move(tensor);  // given back on return, by the thread that owns its pool
    const auto* bytes = static_cast<const std::byte*>(sent.data());
    Letter letter{message, {bytes, bytes + sent.bytes()}};
    letter.message.peer = rank_;
    Inbox& inbox = state_->inboxes.at(static_cast<std::size_t>(message.peer));
    const std::lock_guard lock(inbox.mutex);
    inbox.letters.push_back(std::move(letter));
  }

  void post_receive(const Message& message, Shape shape, DType dtype) override {
    if (message.peer == rank_) return kept_.post_receive(message, shape, dtype);
    posted_.push_back({message, Tensor(pool_, shape, dtype)});
  }

  void post_receive_into(const Message& message, Tensor&& room) override {
    if (message.peer == rank_) return kept_.post_receive_into(message, std::move(room));
    posted_.push_back({message, std::move(room)});
  }

  Tensor take(const Message& message, const char* needed_by) override {
    if (message.peer == rank_) return kept_.take(message, rank_, needed_by);
    const auto posted = std::find_if(posted_.begin(), posted_.end(), [&](const Posted& p) {
      return same_name(p.message, message);
    });
    if (posted == posted_.end()) throw_not_posted(rank_, message, needed_by);
    std::vector<std::byte> payload;
    state_->wait_for([&] { return collect(message, payload); }, rank_,
                     [&] { return text_of_wait(message, message.peer, needed_by); });
    Tensor tensor = std::move(posted->tensor);
    posted_.erase(posted);
    if (payload.size() != tensor.bytes()) {
      throw_wrong_size(rank_, message, std::to_string(payload.size()), tensor.bytes());
    }
    std::memcpy(tensor.data(), payload.data(), payload.size());
    return tensor;
  }

  void poll() override {}
  void flush() override {}

 private:
  struct Posted {
    Message message;
    Tensor tensor;
  };

  bool collect(const Message& message, std::vector<std::byte>& payload) {
    Inbox& inbox = state_->inboxes[static_cast<std::size_t>(rank_)];
    const std::lock_guard lock(inbox.mutex);
    const auto letter =
        std::find_if(inbox.letters.begin(), inbox.letters.end(),
                     [&](const Letter& l) { return same_name(l.message, message); });
    if (letter == inbox.letters.end()) return false;
    payload = std::move(letter->payload);
    inbox.letters.erase(letter);
    return true;
  }

  std::shared_ptr<InProcessState> state_;
  int rank_;
  MemoryPool& pool_;
  std::vector<Posted> posted_;
  KeptMessages kept_;
};

}  // namespace

std::unique_ptr<Mailbox> make_in_process_mailbox(std::shared_ptr<InProcessState> state, int rank,
                                                 MemoryPool& pool) {
  return std::make_unique<InProcessMailbox>(std::move(state), rank, pool);
}

}  // namespace pipetrain
