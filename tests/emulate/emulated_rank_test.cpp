#include "emulate/emulated_rank.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/search/vocabulary.h"

using namespace pipetrain;

namespace {

// What each rank's engine computed in one step, in order.
std::vector<std::vector<Action>> executed(const Schedule& schedule, const Costs& costs) {
  const int ranks = schedule.rank_count();
  std::vector<std::vector<Action>> actions(static_cast<std::size_t>(ranks));
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    EmulatedRank emulated(emulated_program(schedule, costs), costs, 64, *mailbox, pool);
    emulated.feed(0);
    emulated.run(0);
    for (const Span& span : emulated.recorder().spans()) {
      if (!span.waiting) actions[static_cast<std::size_t>(rank)].push_back(span.action);
    }
  });
  return actions;
}

}  // namespace

TEST_CASE("The engine computes the schedule's actions, in its order") {
  for (const std::string& name : schedule_names()) {
    for (const int ranks : {1, 2, 4}) {
      INFO(name << " on " << ranks << " ranks");
      if (why_not(name, ranks, default_virtual_stages(name), 8)) continue;
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 8);
      const Costs costs = equal_costs(schedule, 2e-4, 1e-4, 1e-4);
      CHECK(executed(schedule, costs) == split_backward(schedule).ranks);
    }
  }
}

TEST_CASE("A stage that recomputes has its R before each I, others have none") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  Costs costs = equal_costs(schedule, 2e-4, 1e-4, 1e-4);
  costs.stages[0].recompute = 1e-4;
  const auto actions = executed(schedule, costs);
  std::string first;
  for (const Action& action : actions[0]) first += text_of(action) + " ";
  CHECK(first == "0F0 0F1 0R0 0I0 0W0 0F2 0R1 0I1 0W1 0R2 0I2 0W2 ");
  CHECK(actions[1] == split_backward(schedule).ranks[1]);
}

TEST_CASE("With the vocabulary over the pipeline ranks run S, T and look-ups in their order") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  const Schedule schedule = with_vocabulary(generate("1f1b", 3, 1, 4), place);
  Costs costs = equal_costs(schedule, 2e-4, 1e-4, 1e-4);
  costs.pieces.assign(3, {1e-4, 1e-4});
  auto actions = executed(schedule, costs);
  const Program program = emulated_program(schedule, costs);
  for (std::size_t rank = 0; rank < 3; ++rank) {
    std::vector<Action> expected = program.of_rank(rank);
    std::erase_if(expected, [](const Action& action) {
      return !is_compute(action.op) && action.op != Op::kEmbeddingForward &&
             action.op != Op::kEmbeddingBackward;
    });
    CHECK(actions[rank] == expected);
  }
}
