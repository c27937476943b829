#include "schedule/generate/generate.h"

#include <algorithm>
#include <cstddef>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/files.h"
#include "schedule/simulate/simulate.h"
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

TEST_CASE("Forwards alone keep every rank busy") {
  check_drawing(generate_forward_only(Placement::kLoop, 2, 2, 3),
                {"0F0 0F1 0F2 2F0 2F1 2F2",  //
                 "    1F0 1F1 1F2 3F0 3F1 3F2"});
  check_drawing(generate_forward_only(Placement::kV, 2, 2, 4),
                {"0F0 0F1 0F2 3F0 0F3 3F1     3F2     3F3",  //
                 "    1F0 2F0 1F1 2F1 1F2 2F2 1F3 2F3"});
}

// No order ends sooner: the last rank waits for p-1 forwards and then has M v to do, after which a
// V of two laps has p-1 still to come; and one microbatch passes p v stages, the others behind it.
TEST_CASE("Forwards alone end as soon as they can, at every size") {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
      for (int microbatches = 1; microbatches <= 3 * ranks + 3; ++microbatches) {
        for (Placement placement : {Placement::kLoop, Placement::kV}) {
          CAPTURE(ranks, virtual_stages, microbatches, placement == Placement::kV);
          const Schedule schedule =
              generate_forward_only(placement, ranks, virtual_stages, microbatches);
          REQUIRE_NOTHROW(validate(schedule, true));
          if (placement == Placement::kV && virtual_stages > 2) continue;  // no schedule has these
          const int tail = placement == Placement::kV && virtual_stages == 2 ? ranks - 1 : 0;
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

TEST_CASE("Every schedule is valid at every size that it allows") {
  for (const std::string& name : schedule_names()) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
        for (int microbatches = 1; microbatches <= 3 * ranks + 3; ++microbatches) {
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

TEST_CASE("A number of microbatches that will not do is refused with the nearest that will") {
  CHECK(contains(refusal("interleaved", 4, 2, 13),
                 "found M=13: it needs 3 rounds of equal size; take M=12 or M=15"));
  CHECK(contains(refusal("dualpipev", 4, 2, 7), "take M=8 or more"));
  const std::regex offer("take M=(\\d+)(?: or M=(\\d+))?");
  for (const char* name : {"interleaved", "interleaved-zb", "dualpipev"}) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      for (int microbatches = 1; microbatches <= 3 * ranks + 3; ++microbatches) {
        const std::string message = refusal(name, ranks, 2, microbatches);
        if (message.empty()) continue;
        CAPTURE(message);
        std::smatch offered;
        REQUIRE(std::regex_search(message, offered, offer));
        const bool two = offered[2].matched;
        const int first = std::stoi(offered[1]);
        const int second = two ? std::stoi(offered[2]) : microbatches;
        for (int m = std::min(first, microbatches); m <= std::max(first, second); ++m) {
          CHECK(refusal(name, ranks, 2, m).empty() == (m == first || (two && m == second)));
        }
      }
    }
  }
}

TEST_CASE("Fewer microbatches than ranks will do for every schedule but dualpipev") {
  for (const std::string& name : schedule_names()) {
    for (int microbatches = 1; microbatches < 7; ++microbatches) {
      CAPTURE(name, microbatches);
      const bool refused = !refusal(name, 7, default_virtual_stages(name), microbatches).empty();
      CHECK(refused == (name == "dualpipev"));
    }
  }
}
