#include "schedule/shard_actions.h"

#include <cstddef>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/limits.h"
#include "schedule/lower.h"
#include "schedule/simulate/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

std::string row_of(const std::vector<Action>& actions) {
  std::string row;
  for (const Action& action : actions) {
    if (!row.empty()) row += ' ';
    row += text_of(action);
  }
  return row;
}

Schedule drawn(const std::string& drawing, int virtual_stages, int microbatches) {
  auto ranks = actions_of(drawing);
  const int p = static_cast<int>(ranks.size());
  return {Placement::loop(p, virtual_stages), microbatches, std::move(ranks)};
}

void check(const Schedule& schedule, const std::string& expected) {
  const Schedule sharded = add_shard_actions(schedule);
  std::string text;
  for (const auto& actions : sharded.ranks) text += row_of(actions) + "\n";
  CHECK(text == expected);
}

// At most two stages are gathered, each use is of one, each is gathered and dropped in turn.
// Returns how often any is gathered.
int gathers(const std::vector<Action>& actions) {
  std::set<int> gathered;
  int count = 0;
  for (const Action& action : actions) {
    if (action.op == Op::kUnshard) {
      ++count;
      CHECK(gathered.insert(action.stage).second);
      CHECK(gathered.size() <= static_cast<std::size_t>(kMostGathered));
    } else if (action.op == Op::kReshard) {
      CHECK(gathered.erase(action.stage) == 1);
    } else if (is_compute(action.op)) {
      CHECK(gathered.contains(action.stage));
    }
  }
  CHECK(gathered.empty());
  return count;
}

}  // namespace

TEST_CASE("A rank of one stage gathers it before its first action and drops it after its last") {
  check(drawn("0F0 0F1 0B0 0B1\n"
              "1F0 1B0 1F1 1B1\n",
              1, 2),
        "0UNSHARD 0F0 0F1 0B0 0B1 0RESHARD\n"
        "1UNSHARD 1F0 1B0 1F1 1B1 1RESHARD\n");
}

TEST_CASE("The stage that is used next is gathered while the rank works on another") {
  check(drawn("0F0 0F1 1F0 1F1 2F0 2F1 2B0 2B1 1B0 1B1 0B0 0B1\n", 3, 2),
        "0UNSHARD 1UNSHARD 0F0 0F1 0RESHARD 2UNSHARD 1F0 1F1 2F0 2F1 2B0 2B1 2RESHARD 0UNSHARD "
        "1B0 1B1 1RESHARD 0B0 0B1 0RESHARD\n");
  // Two stages take turns: both stay.
  check(drawn("0F0 1F0 0F1 1F1 1I0 0I0 1I1 0I1 1W0 1W1 0W0 0W1\n", 2, 2),
        "0UNSHARD 1UNSHARD 0F0 1F0 0F1 1F1 1I0 0I0 1I1 0I1 1W0 1W1 1RESHARD 0W0 0W1 0RESHARD\n");
}

TEST_CASE("A schedule that is lowered keeps its messages where they are") {
  const Schedule lowered = lower(generate("1f1b", 2, 1, 2));
  Schedule sharded = add_shard_actions(lowered);
  for (auto& actions : sharded.ranks) {
    std::erase_if(actions,
                  [](const Action& a) { return a.op == Op::kUnshard || a.op == Op::kReshard; });
  }
  CHECK(sharded.ranks == lowered.ranks);
}

TEST_CASE("Under every schedule a rank has at most two stages gathered, of two each once a step") {
  for (const std::string& name : schedule_names()) {
    for (const int ranks : {1, 2, 3, 4}) {
      for (const int v : {1, 2, 3, 4}) {
        Schedule schedule;
        try {
          schedule = generate(name, ranks, v, 2 * ranks * v);
        } catch (const std::exception&) {
          continue;  // it has other numbers of stages
        }
        for (const Schedule& made :
             {add_shard_actions(schedule),
              add_shard_actions(lower(add_recompute(
                  schedule, std::vector<bool>(static_cast<std::size_t>(ranks * v), true))))}) {
          INFO(name << ", " << ranks << " ranks, " << v << " stages each");
          for (const auto& actions : made.ranks) {
            const int count = gathers(actions);
            const int held = v * schedule.placement.copies();
            if (held <= kMostGathered) CHECK(count == held);
          }
          validate(made);
        }
      }
    }
  }
}

TEST_CASE("An evaluation stage by stage gathers each once, in one order for any microbatches") {
  for (const auto& [form, v] : {std::pair(&Placement::loop, 1), std::pair(&Placement::loop, 2),
                                std::pair(&Placement::loop, 4), std::pair(&Placement::wave, 2),
                                std::pair(&Placement::wave, 4)}) {
    for (const int ranks : {1, 2, 3}) {
      const Placement placement = form(ranks, v);
      const auto order = [&](int rank, int microbatches) {
        const Schedule forward = generate_forward_only(placement, microbatches, true);
        validate(forward, /*forward_only=*/true);
        std::vector<Action> actions =
            add_shard_actions(lower(forward)).ranks[static_cast<std::size_t>(rank)];
        CHECK(gathers(actions) == v);
        std::erase_if(actions, [](const Action& a) { return a.op != Op::kUnshard; });
        return actions;
      };
      for (int rank = 0; rank < ranks; ++rank) {
        for (const int microbatches : {2, 3, 9}) {
          CHECK(order(rank, microbatches) == order(rank, 1));
        }
      }
    }
  }
}

// F=I=W=1, a gather 2: the first use waits for it. Stage 1's is hidden behind the wait for F0.
//   rank 0  .. .. F0 F1 .. I0 W0 .. I1 W1
//   rank 1  .. .. .. F0 I0 W0 F1 I1 W1
TEST_CASE("Gathers take their time beside the rank's work, and uses wait for them") {
  const Schedule schedule = generate("1f1b", 2, 1, 2);
  Costs costs = equal_costs(schedule, 1, 1, 1);
  const double whole = simulate(schedule, costs).makespan();
  for (StageCost& stage : costs.stages) stage.gather = 2;
  const Timeline timeline = simulate(schedule, costs);
  CHECK(timeline.makespan() == whole + 2);
  CHECK(draw_row(timeline.ranks[0], 3, false) == "      F0 F1    I0 W0    I1 W1");
  CHECK(draw_row(timeline.ranks[1], 3, false) == "         F0 I0 W0 F1 I1 W1");
  CHECK(text_of(timeline.ranks[0][0].action) == "0UNSHARD");
  CHECK(timeline.ranks[0][0].waiting);
  CHECK(timeline.ranks[0][0].end == 2);
  CHECK(timeline.busy(0) == 6);
}

TEST_CASE("A rank's gathers follow each other, the second behind the first stage's work") {
  const Schedule schedule = generate("interleaved", 1, 2, 2);
  Costs costs{{{.forward = 1, .backward_input = 1, .backward_weight = 1, .gather = 1},
               {.forward = 1, .backward_input = 1, .backward_weight = 1, .gather = 1.5}},
              0};
  // 12 of work; 0F0 waits for 1, and 1F0 after it until 2.5.
  CHECK(simulate(schedule, costs).makespan() == 13.5);
  costs.stages[1].gather = 5;  // until 6
  CHECK(simulate(schedule, costs).makespan() == 17);
}
