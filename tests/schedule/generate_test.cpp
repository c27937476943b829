#include "schedule/generate.h"

#include "base/error.h"
#include "catch.h"
#include "drawing.h"
#include "schedule/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

void check_drawing(const Schedule& schedule, const std::vector<std::string>& rows) {
  const bool stages = schedule.virtual_stages > 1;
  // A drawing counts a B as one cell.
  Costs costs{
      std::vector<StageCost>(static_cast<std::size_t>(schedule.stage_count()), {1, 0.5, 0.5}), 0};
  const Timeline timeline = simulate(schedule, costs, BackwardSends::kAfterBackward);
  REQUIRE(timeline.ranks.size() == rows.size());
  for (std::size_t rank = 0; rank < rows.size(); ++rank) {
    CHECK(draw_row(timeline.ranks[rank], stages ? 4 : 3, stages) == rows[rank]);
  }
}

std::string refusal(const std::string& name, int ranks, int virtual_stages, int microbatches) {
  try {
    generate(name, ranks, virtual_stages, microbatches);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("GPipe and 1F1B look as they are drawn") {
  check_drawing(generate("gpipe", 2, 1, 3), {"F0 F1 F2       B0 B1 B2",  //
                                             "   F0 F1 F2 B0 B1 B2"});
  check_drawing(generate("1f1b", 2, 1, 3), {"F0 F1    B0 F2 B1    B2",  //
                                            "   F0 B0 F1 B1 F2 B2"});
}

TEST_CASE("Forwards alone keep every rank of a V busy") {
  check_drawing(generate_forward_only(Placement::kV, 2, 2, 4),
                {"0F0 0F1 0F2 3F0 0F3 3F1     3F2     3F3",  //
                 "    1F0 2F0 1F1 2F1 1F2 2F2 1F3 2F3"});
}

TEST_CASE("Forward-only schedules are complete and run at every size") {
  for (int ranks = 1; ranks <= 5; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
      for (int microbatches = 1; microbatches <= 12; ++microbatches) {
        for (Placement placement : {Placement::kLoop, Placement::kV}) {
          const Schedule schedule =
              generate_forward_only(placement, ranks, virtual_stages, microbatches);
          REQUIRE_NOTHROW(validate(schedule, true));
        }
      }
    }
  }
}

TEST_CASE("Every schedule is valid at every size that it allows") {
  for (const std::string& name : schedule_names()) {
    for (int ranks = 1; ranks <= 6; ++ranks) {
      for (int virtual_stages = 1; virtual_stages <= 3; ++virtual_stages) {
        for (int microbatches = 1; microbatches <= 20; ++microbatches) {
          CAPTURE(name, ranks, virtual_stages, microbatches);
          Schedule schedule;
          try {
            schedule = generate(name, ranks, virtual_stages, microbatches);
          } catch (const Error& error) {
            CHECK(error.code() == ExitCode::kConfiguration);
            continue;
          }
          CHECK(schedule.rank_count() == ranks);
          CHECK(schedule.microbatches == microbatches);
          REQUIRE_NOTHROW(validate(schedule));
        }
      }
    }
  }
}

TEST_CASE("An unknown schedule is refused with the list of names") {
  CHECK(refusal("1fb1", 4, 1, 8).find("gpipe, 1f1b") != std::string::npos);
  CHECK(refusal("1fb1", 4, 1, 8).find("did you mean 1f1b?") != std::string::npos);
  CHECK(refusal("gpipe", 4, 2, 8) != "");
  CHECK(refusal("gpipe", 0, 1, 8) != "");
}
