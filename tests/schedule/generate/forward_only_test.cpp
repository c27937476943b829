#include <algorithm>
#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/check_drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

TEST_CASE("Forwards alone keep every rank busy") {
  check_drawing(generate_forward_only(Placement::loop(2, 2), 3),
                {"0F0 0F1 0F2 2F0 2F1 2F2",  //
                 "    1F0 1F1 1F2 3F0 3F1 3F2"});
  check_drawing(generate_forward_only(Placement::wave(2, 2), 4),
                {"0F0 0F1 0F2 3F0 0F3 3F1     3F2     3F3",  //
                 "    1F0 2F0 1F1 2F1 1F2 2F2 1F3 2F3"});
}

// No order ends sooner: the last rank waits for p-1 forwards and then has M v to do, after which a
// V of two laps has p-1 still to come; and one microbatch passes p v stages, the others behind it.
TEST_CASE("Forwards alone end as soon as they can, at every size") {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
      for (int microbatches = 1; microbatches <= 3 * ranks + 3; ++microbatches) {
        for (const auto form : {Placement::loop, Placement::wave}) {
          const Placement placement = form(ranks, virtual_stages);
          const bool wave = form == Placement::wave;
          CAPTURE(ranks, virtual_stages, microbatches, wave);
          const Schedule schedule = generate_forward_only(placement, microbatches);
          REQUIRE_NOTHROW(validate(schedule, true));
          if (wave && virtual_stages > 2) continue;  // may wait longer
          const int tail = wave && virtual_stages == 2 ? ranks - 1 : 0;
          const Costs costs{
              std::vector<StageCost>(static_cast<std::size_t>(schedule.stage_count()), {1, 0, 0}),
              0};
          CHECK(simulate(schedule, costs).makespan() ==
                std::max(microbatches * virtual_stages + ranks - 1 + tail,
                         ranks * virtual_stages + microbatches - 1));
        }
      }
    }
  }
}

TEST_CASE("Forwards alone exist for stages placed in any way") {
  for (const Placement& placement :
       {Placement::of({{1}, {0}, {2}}), Placement::of({{0, 1, 2}, {3}}),
        Placement::of({{5, 0}, {2, 1, 6}, {3, 4}})}) {
    for (int microbatches = 1; microbatches <= 7; ++microbatches) {
      for (const bool by_stage : {false, true}) {
        CAPTURE(placement.name(), microbatches, by_stage);
        CHECK_NOTHROW(validate(generate_forward_only(placement, microbatches, by_stage), true));
      }
    }
  }
}

TEST_CASE("Stage by stage a rank ends one stage before it begins the next") {
  check_drawing(generate_forward_only(Placement::wave(2, 2), 2, true),
                {"0F0 0F1         3F0 3F1",  //
                 "    1F0 1F1 2F0 2F1"});
  const Schedule loop = generate_forward_only(Placement::loop(2, 3), 4, true);
  REQUIRE_NOTHROW(validate(loop, true));
  for (const std::vector<Action>& actions : loop.ranks) {
    CHECK(std::ranges::is_sorted(actions, {}, &Action::stage));
  }
}
