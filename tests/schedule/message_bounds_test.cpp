#include "schedule/message_bounds.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/walk.h"

using namespace pipetrain;

namespace {

// Runs what must have run before rank `rank` is at `position`, and nothing else.
void run_to(const Schedule& schedule, int rank, std::size_t position,
            std::vector<std::size_t>& reached) {
  const auto r = static_cast<std::size_t>(rank);
  while (reached[r] < position) {
    const Action& action = schedule.ranks[r][reached[r]];
    for_each_needed(schedule, action, [&](const Action& needed) {
      const int owner = rank_of(schedule, needed);
      const auto& actions = schedule.ranks[static_cast<std::size_t>(owner)];
      std::size_t end = 0;
      while (actions[end] != needed) ++end;
      if (owner != rank) run_to(schedule, owner, end + 1, reached);
    });
    ++reached[r];
  }
}

// Sends of `rank` on one channel that have happened, less those consumed.
int under_way(const Schedule& schedule, int rank, Op send,
              const std::vector<std::size_t>& reached) {
  int count = 0;
  const bool forward = send == Op::kSendForward;
  for (std::size_t i = 0; i < reached[static_cast<std::size_t>(rank)]; ++i) {
    const Action& action = schedule.ranks[static_cast<std::size_t>(rank)][i];
    if (action.op != send) continue;
    const Action consumer{forward ? Op::kForward : Op::kBackwardInput,
                          action.stage + (forward ? 1 : -1), action.microbatch};
    const auto receiver =
        static_cast<std::size_t>(rank_of_stage(schedule, consumer.stage, consumer.microbatch));
    if (receiver == static_cast<std::size_t>(rank)) continue;
    ++count;
    for (std::size_t k = 0; k < reached[receiver]; ++k) {
      if (schedule.ranks[receiver][k] == consumer) --count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("The bound on messages is what an execution that lags as far as it can reaches") {
  for (const std::string& name : schedule_names()) {
    const Schedule lowered = lower(generate(name, 4, default_virtual_stages(name), 8));
    const std::vector<MessageBound> bounds = max_outstanding_sends(lowered);
    for (int rank = 0; rank < 4; ++rank) {
      MessageBound most;
      const auto& actions = lowered.ranks[static_cast<std::size_t>(rank)];
      for (std::size_t i = 0; i < actions.size(); ++i) {
        std::vector<std::size_t> reached(4, 0);
        run_to(lowered, rank, i + 1, reached);
        most.forward = std::max(most.forward, under_way(lowered, rank, Op::kSendForward, reached));
        most.backward =
            std::max(most.backward, under_way(lowered, rank, Op::kSendBackward, reached));
      }
      CAPTURE(name, rank);
      CHECK(bounds[static_cast<std::size_t>(rank)].forward == most.forward);
      CHECK(bounds[static_cast<std::size_t>(rank)].backward == most.backward);
    }
  }
}

TEST_CASE("GPipe can have all its activations under way, 1F1B no more than it keeps live") {
  const auto gpipe = max_outstanding_sends(lower(generate("gpipe", 4, 1, 32)));
  CHECK(gpipe[0].forward == 32);
  CHECK(gpipe[3].forward == 0);
  const auto one = max_outstanding_sends(lower(generate("1f1b", 4, 1, 32)));
  CHECK(one[0].forward <= 4);
  CHECK(one[3].backward <= 4);
  CHECK(one[0].backward == 0);
}
