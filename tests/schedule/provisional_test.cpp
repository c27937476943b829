#include "schedule/provisional.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

std::string texts(const std::vector<Action>& actions) {
  std::string text;
  for (const Action& action : actions) text += text_of(action) + " ";
  return text;
}

Program program(const std::string& name, int ranks, int microbatches) {
  return program_of(generate(name, ranks, default_virtual_stages(name), microbatches), {});
}

int forwards(const std::vector<Action>& actions, std::size_t end) {
  int count = 0;
  for (std::size_t i = 0; i < end; ++i) count += actions[i].op == Op::kForward ? 1 : 0;
  return count;
}

// Activations between stages: which are waited for and which have been sent, by the stage that they
// are for. Ranks run one after the other here, so one may be taken before it is sent; in the end a
// name is used once at most.
struct Messages {
  explicit Messages(const Schedule& of)
      : schedule(of), posted(cell_count(of)), sent(cell_count(of)) {}

  void run(const Action& action) {
    Action to = action;
    if (action.op == Op::kReceiveForward) CHECK(++posted[cell(schedule, action)] == 1);
    if (action.op == Op::kSendForward) {
      ++to.stage;
      ++sent[cell(schedule, to)];
    }
    if (action.op == Op::kForward && action.stage > 0) take(action);
  }
  void take(const Action& action) {
    --posted[cell(schedule, action)];
    --sent[cell(schedule, action)];
  }

  const Schedule& schedule;
  std::vector<int> posted, sent;
};

}  // namespace

TEST_CASE("Ranks of ZB-H2 run their warm-up before they know the norm of the step before") {
  const Program four = program("zb-h2", 4, 8);
  const auto parts = provisional_parts(four);
  for (std::size_t r = 0; r < 4; ++r) {
    CHECK(forwards(four.of_rank(r), parts[r].end) == 7 - 2 * static_cast<int>(r));
  }
  // What rank 0 has sent and rank 1 not used: of the last one the receive stands further behind.
  CHECK(texts(parts[1].unread) == "1RECV_F5 1RECV_F6 ");
  CHECK(texts(parts[1].unposted) == "1RECV_F6 ");
  CHECK(parts[0].unread.empty());
  CHECK(texts(parts[3].again) == "3RECV_F0 3RECV_F1 3F0 ");
}

TEST_CASE("A rank's part ends where it needs what another makes behind its own") {
  // Rank 0 turns round at once, rank 1 takes a second microbatch first, which comes from behind
  // rank 0's first backward.
  const Schedule schedule{.placement = Placement::of({{0, 3}, {1, 2}}),
                          .microbatches = 2,
                          .ranks = {{{Op::kForward, 0, 0},
                                     {Op::kForward, 3, 0},
                                     {Op::kBackward, 3, 0},
                                     {Op::kForward, 0, 1},
                                     {Op::kForward, 3, 1},
                                     {Op::kBackward, 3, 1},
                                     {Op::kBackward, 0, 0},
                                     {Op::kBackward, 0, 1}},
                                    {{Op::kForward, 1, 0},
                                     {Op::kForward, 2, 0},
                                     {Op::kForward, 1, 1},
                                     {Op::kForward, 2, 1},
                                     {Op::kBackward, 2, 0},
                                     {Op::kBackward, 1, 0},
                                     {Op::kBackward, 2, 1},
                                     {Op::kBackward, 1, 1}}}};
  const Program both = program_of(schedule, {});
  const auto parts = provisional_parts(both);
  CHECK(forwards(both.of_rank(0), parts[0].end) == 2);
  CHECK(forwards(both.of_rank(1), parts[1].end) == 2);
}

TEST_CASE("Taken back, no message is left over, and what runs again brings back the same ones") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    if (copies_of(name) > 1) continue;
    for (const auto& [ranks, microbatches] :
         {std::pair(2, 4), std::pair(3, 6), std::pair(4, 8), std::pair(5, 20), std::pair(4, 9)}) {
      if (why_not(name, ranks, kind.default_virtual_stages, microbatches)) continue;
      CAPTURE(name, ranks, microbatches);
      const Program all = program(name, ranks, microbatches);
      const auto parts = provisional_parts(all);
      Messages messages(all.actions);
      for (std::size_t r = 0; r < parts.size(); ++r) {
        CHECK(forwards(all.of_rank(r), parts[r].end) > 0);
        for (std::size_t i = 0; i < parts[r].end; ++i) messages.run(all.of_rank(r)[i]);
      }
      const Messages once = messages;
      CHECK(std::ranges::all_of(once.sent, [](int count) { return count == 0 || count == 1; }));
      for (const ProvisionalPart& part : parts) {
        for (const Action& action : part.unposted) ++messages.posted[cell(all.actions, action)];
        for (const Action& action : part.unread) {
          CHECK(messages.posted[cell(all.actions, action)] == 1);
          CHECK(messages.sent[cell(all.actions, action)] == 1);
          messages.take(action);
        }
      }
      CHECK(messages.sent == std::vector<int>(messages.sent.size()));
      for (const ProvisionalPart& part : parts) {
        for (const Action& action : part.again) messages.run(action);
      }
      CHECK(messages.posted == once.posted);
      CHECK(messages.sent == once.sent);
    }
  }
}
