#include "schedule/generate.h"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "base/error.h"
#include "catch.h"
#include "drawing.h"
#include "files.h"
#include "schedule/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

void check_drawing(const Schedule& schedule, const std::vector<std::string>& rows) {
  const bool stages = schedule.virtual_stages > 1;
  const bool splits =
      std::any_of(schedule.ranks[0].begin(), schedule.ranks[0].end(),
                  [](const Action& action) { return action.op == Op::kBackwardInput; });
  const double part = splits ? 1 : 0.5;  // without I and W of its own, a B is drawn as one cell
  const Costs costs{
      std::vector<StageCost>(static_cast<std::size_t>(schedule.stage_count()), {1, part, part}), 0};
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

// The comments above the generators draw them: after generate("NAME", p, v, M) each row is a rank.
TEST_CASE("Every schedule looks as the comment at its generator draws it") {
  const std::regex call("^// .*generate\\(\"(.*)\", (\\d+), (\\d+), (\\d+)\\).*:$");
  const std::string row_start = "//   ";
  std::set<std::string> drawn;
  for (const char* file : {"basic", "interleaved", "zbv", "dualpipev", "controllable"}) {
    std::istringstream lines(
        read_repository_file("lib/schedule/generate_" + std::string(file) + ".cpp"));
    std::smatch size;
    for (std::string line; std::getline(lines, line);) {
      if (!std::regex_match(line, size, call)) continue;
      const std::string name = size[1];
      const int ranks = std::stoi(size[2]);
      const Schedule schedule = generate(name, ranks, std::stoi(size[3]), std::stoi(size[4]));
      std::vector<std::string> rows;
      for (int rank = 0; rank < ranks && std::getline(lines, line); ++rank) {
        REQUIRE(line.starts_with(row_start));
        rows.push_back(line.substr(row_start.size()));
      }
      INFO(name);
      check_drawing(schedule, rows);
      drawn.insert(name);
    }
  }
  CHECK(drawn.size() == schedule_names().size());
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
  CHECK(refusal("gpipe", 4, 2, 8).find("exactly 1 stage(s) per rank, found 2") !=
        std::string::npos);
  CHECK(refusal("gpipe", 0, 1, 8) != "");
}

TEST_CASE("A number of microbatches that will not do is refused with one that will") {
  CHECK(refusal("interleaved", 4, 2, 13)
            .find("found M=13: it needs 3 rounds of equal size; take M=12 or M=15") !=
        std::string::npos);
  CHECK(refusal("dualpipev", 4, 2, 7).find("take M=8 or more") != std::string::npos);
  CHECK(refusal("interleaved", 4, 3, 3) == "");
}
