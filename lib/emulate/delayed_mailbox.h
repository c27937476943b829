// A mailbox whose messages between stages take as long as those of another network: a message says
// when it is due, and its receiver waits until then. It must not know schedules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "comm/collective.h"
#include "comm/mailbox.h"
#include "emulate/link_queues.h"
#include "schedule/simulate/network.h"

namespace pipetrain {

class DelayedMailbox final : public Mailbox {
 public:
  static constexpr std::int64_t kLeastBytes = 8;  // of a message between stages: its time

  // Collective. `ways` in seconds; all ranks have one clock.
  DelayedMailbox(Mailbox& mailbox, MessageWays ways, Collective& collective)
      : mailbox_(mailbox),
        ways_(std::move(ways)),
        queues_(static_cast<std::size_t>(ways_.queues), collective) {}

  int rank() const override { return mailbox_.rank(); }
  int size() const override { return mailbox_.size(); }
  void send(const Message& message, Tensor&& tensor) override;
  void post_receive(const Message& message, Shape shape, DType dtype) override {
    mailbox_.post_receive(message, shape, dtype);
  }
  void post_receive_into(const Message& message, Tensor&& room) override {
    mailbox_.post_receive_into(message, std::move(room));
  }
  Tensor take(const Message& message, const char* needed_by) override;
  void poll() override { mailbox_.poll(); }
  void flush() override { mailbox_.flush(); }

 private:
  bool travels(const Message& message) const;

  Mailbox& mailbox_;
  MessageWays ways_;
  LinkQueues queues_;
};

}  // namespace pipetrain
