#include "emulate/delayed_mailbox.h"

#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "pipeline/recorder.h"

using namespace pipetrain;

namespace {

// Between stages 0 and 1, on ranks 0 and 1.
MessageWays ways_up(const MessageWay& way) {
  MessageWays ways;
  ways.up = {{}, way, {}};
  ways.down = {{}, {}, {}};
  ways.queues = 1;
  return ways;
}

}  // namespace

TEST_CASE("A message is there when it is due, behind those before it; others at once") {
  constexpr double kBusy = 0.03, kLatency = 0.01;
  InProcess group(2, {.timeout_seconds = 60, .oversubscribed = true});
  std::vector<double> seconds;  // from the start until each message was there
  group.run([&](int rank) {
    MemoryPool pool;
    const auto inner = group.mailbox(rank, pool);
    const auto collective = group.collective(rank);
    DelayedMailbox mailbox(*inner, ways_up({kLatency, kBusy, 0}), *collective);
    CHECK(mailbox.rank() == rank);
    CHECK(mailbox.size() == 2);
    const auto name = [&](Channel channel, int microbatch) {
      return Message{.channel = channel, .peer = 1 - rank, .stage = 1, .microbatch = microbatch};
    };
    const std::vector<Message> messages{name(Channel::kInput, 0), name(Channel::kActivation, 0),
                                        name(Channel::kActivation, 1)};
    for (const Message& message : messages) {
      if (rank == 1) mailbox.post_receive(message, {2}, DType::kFloat32);
    }
    collective->barrier();
    const double start = wall_seconds();
    for (const Message& message : messages) {
      if (rank == 0) {
        mailbox.send(message, Tensor(pool, {2}));
      } else {
        mailbox.take(message, "the test");
        seconds.push_back(wall_seconds() - start);
      }
    }
    mailbox.flush();
    collective->barrier();
  });
  REQUIRE(seconds.size() == 3);
  CHECK(seconds[0] < kLatency + kBusy);
  CHECK(seconds[1] >= kBusy + 0.9 * kLatency);
  CHECK(seconds[2] >= 2 * kBusy + 0.9 * kLatency);
  CHECK(seconds[2] < 2 * kBusy + kLatency + 0.5);
}
