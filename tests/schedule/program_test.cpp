#include "schedule/program.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

using Mask = std::vector<bool>;

Schedule one_f_one_b() { return generate("1f1b", 2, 1, 2); }

// Without what `drops` says.
template <class Drops>
std::vector<std::vector<Action>> without(const Program& program, const Drops& drops) {
  std::vector<std::vector<Action>> ranks = program.actions.ranks;
  for (std::vector<Action>& actions : ranks) std::erase_if(actions, drops);
  return ranks;
}

bool is_gather(const Action& action) {
  return action.op == Op::kUnshard || action.op == Op::kReshard;
}

}  // namespace

TEST_CASE("A plain program is the schedule with its messages") {
  CHECK(program_of(one_f_one_b(), {}).actions.ranks == lower(one_f_one_b()).ranks);
  CHECK(program_of(one_f_one_b(), {.recomputes = {false, false}}).actions.ranks ==
        lower(one_f_one_b()).ranks);
}

TEST_CASE("A gather stands right before the action that needs it, behind sends and receives") {
  const Program program =
      program_of(one_f_one_b(), {.recomputes = {true, false}, .shards_parameters = true});
  CHECK(program.actions.ranks == actions_of(R"(
    0UNSHARD 0F0 0SEND_F0 0RECV_B0 0F1 0SEND_F1 0R0 0I0 0W0 0RECV_B1 0R1 0I1 0W1 0RESHARD 0REDUCE_GRAD
    1RECV_F0 1UNSHARD 1F0 1RECV_F1 1I0 1SEND_B0 1W0 1F1 1I1 1SEND_B1 1W1 1RESHARD 1REDUCE_GRAD
  )"));
}

TEST_CASE("Features leave each other and the compute actions where they are") {
  for (const std::string& name : schedule_names()) {
    CAPTURE(name);
    const int v = default_virtual_stages(name);
    const Schedule schedule = generate(name, 2, v, 4);
    const Mask all(static_cast<std::size_t>(2 * v), true);
    const Program both = program_of(schedule, {.recomputes = all, .shards_parameters = true});
    const Program recomputing = program_of(schedule, {.recomputes = all});
    CHECK_NOTHROW(validate(both.actions));
    CHECK(without(both, is_gather) == recomputing.actions.ranks);
    CHECK(without(recomputing, [](const Action& a) { return a.op == Op::kRecompute; }) !=
          recomputing.actions.ranks);
    CHECK(without(both, [](const Action& a) {
            return !is_compute(a.op) || a.op == Op::kRecompute;
          }) == split_backward(schedule).ranks);
  }
}

TEST_CASE("Gathers and recomputing do not change how many messages are under way") {
  const Schedule schedule = generate("gpipe", 3, 1, 6);
  const auto plain = program_of(schedule, {}).message_bounds();
  const auto full = program_of(schedule, {.recomputes = Mask(3, true), .shards_parameters = true})
                        .message_bounds();
  REQUIRE(plain.size() == 3);
  CHECK(plain[0].forward > 0);
  for (std::size_t rank = 0; rank < plain.size(); ++rank) {
    CHECK(full[rank].forward == plain[rank].forward);
    CHECK(full[rank].backward == plain[rank].backward);
  }
}

TEST_CASE("A stage recomputes if one of its layers does, as a whole") {
  RecomputedLayers layers(7);
  layers[2].parts = 1;
  CHECK(recomputing_stages(layers, {0, 3}) == Mask{0, 0});
  layers[6].whole = true;
  CHECK(recomputing_stages(layers, {0, 2, 3, 5}) == Mask{0, 0, 0, 1});
  layers[1].whole = layers[3].whole = true;
  CHECK(recomputing_stages(layers, {0, 2, 3, 5}) == Mask{1, 0, 1, 1});
}
