#include "emulate/delayed_mailbox.h"

#include <cassert>
#include <cstddef>
#include <cstring>
#include <utility>

#include "emulate/wait_layer.h"
#include "pipeline/recorder.h"

namespace pipetrain {
namespace {

constexpr double kNapSeconds = 5e-4;  // between polls: other messages move while one is awaited

}  // namespace

// Between two stages on different ranks.
bool DelayedMailbox::travels(const Message& message) const {
  const bool between_stages =
      message.channel == Channel::kActivation || message.channel == Channel::kGradient;
  return between_stages && message.peer != rank();
}

void DelayedMailbox::send(const Message& message, Tensor&& tensor) {
  if (travels(message)) {
    const auto stage = static_cast<std::size_t>(message.stage);  // that it is for
    const bool up = message.channel == Channel::kActivation;
    const MessageWay& way = up ? ways_.up[stage] : ways_.down[stage + 1];
    const double now = wall_seconds();
    const double sent =
        way.queue < 0 ? now : queues_.take(static_cast<std::size_t>(way.queue), now, way.busy);
    const double due = sent + way.latency;
    assert(tensor.bytes() >= sizeof due);
    std::memcpy(tensor.data(), &due, sizeof due);
  }
  mailbox_.send(message, std::move(tensor));
}

Tensor DelayedMailbox::take(const Message& message, const char* needed_by) {
  Tensor tensor = mailbox_.take(message, needed_by);
  if (!travels(message)) return tensor;
  double due = 0;
  std::memcpy(&due, tensor.data(), sizeof due);
  ActionClock clock;
  for (double now = wall_seconds(); now < due; now = wall_seconds()) {
    clock.start();
    if (due - now > kNapSeconds) {
      clock.sleep(kNapSeconds);
    } else {
      clock.finish(due - now);
    }
    mailbox_.poll();
  }
  return tensor;
}

}  // namespace pipetrain
