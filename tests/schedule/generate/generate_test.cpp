#include "schedule/generate/generate.h"

#include <algorithm>
#include <cstddef>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "catch.h"
#include "schedule/files.h"
#include "schedule/generate/check_drawing.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

std::string refusal(const std::string& name, int ranks, int virtual_stages, int microbatches) {
  return why_not(name, ranks, virtual_stages, microbatches).value_or("");
}

// "zb_h1.cpp" of zb-h1.
std::string file_of(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return "lib/schedule/generate/" + name + ".cpp";
}

}  // namespace

// A comment in a schedule's file draws it: after generate("NAME", p, v, M) each row is a rank; of
// microbatches in slices, if it takes such, after generate("NAME", p, v, M, SLICES).
TEST_CASE("Every schedule looks as the comment in its file draws it") {
  const std::regex call("^// .*generate\\(\"(.*)\", (\\d+), (\\d+), (\\d+)(, (\\d+))?\\).*:$");
  const std::string row_start = "//   ";
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    std::istringstream lines(read_repository_file(file_of(name)));
    int drawn = 0;
    std::smatch size;
    for (std::string line; std::getline(lines, line);) {
      if (!std::regex_match(line, size, call)) continue;
      REQUIRE(size[1] == name);
      const int ranks = std::stoi(size[2]);
      const Schedule schedule = generate(name, ranks, std::stoi(size[3]), std::stoi(size[4]),
                                         size[6].matched ? std::stoi(size[6]) : 1);
      std::vector<std::string> rows;
      for (int rank = 0; rank < ranks && std::getline(lines, line); ++rank) {
        REQUIRE(line.starts_with(row_start));
        rows.push_back(line.substr(row_start.size()));
      }
      INFO(name);
      check_drawing(schedule, rows);
      ++drawn;
    }
    INFO(name);
    CHECK(drawn == (kind.takes_slices ? 2 : 1));
  }
}

TEST_CASE("What the table says of a schedule is so") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    INFO(name);
    CHECK(kind.description.ends_with("."));
    CHECK(default_virtual_stages(name) == kind.default_virtual_stages);
    const Placement own = kind.placement(4, kind.default_virtual_stages);
    CHECK(generate(name, 4, kind.default_virtual_stages, 8).placement == own);
    CHECK(copies_of(name) == own.copies());
    CHECK(refusal(name, 4, 3, 8).empty() == kind.any_virtual_stages);
  }
}

TEST_CASE("Every schedule is valid at every size that it allows") {
  for (const std::string& name : schedule_names()) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
        for (int microbatches = 1; microbatches <= 3 * ranks + 3; ++microbatches) {
          CAPTURE(name, ranks, virtual_stages, microbatches);
          if (why_not(name, ranks, virtual_stages, microbatches)) continue;
          const Schedule schedule = generate(name, ranks, virtual_stages, microbatches);
          CHECK(schedule.rank_count() == ranks);
          CHECK(schedule.microbatches == microbatches);
          REQUIRE_NOTHROW(validate(schedule));
        }
      }
    }
  }
}

TEST_CASE("Schedules of slices are valid at every size, and all others refuse them") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    INFO(name);
    if (!kind.takes_slices) {
      CHECK(contains(*why_not(name, 3, kind.default_virtual_stages, 6, 2), "2 slices",
                     "gpipe, 1f1b, eager-1f1b, slim-1f1b, zb-h1 or a table"));
      continue;
    }
    for (int ranks = 1; ranks <= 5; ++ranks) {
      for (int microbatches = 1; microbatches <= 7; ++microbatches) {
        for (int slices = 2; slices <= 5; ++slices) {
          CAPTURE(ranks, microbatches, slices);
          const Schedule schedule = generate(name, ranks, 1, microbatches, slices);
          CHECK(schedule.slices == slices);
          CHECK(accumulates_in_ascending_order(schedule));
          REQUIRE_NOTHROW(validate(schedule));
        }
      }
    }
  }
}

TEST_CASE("A schedule takes its own placement, with ranks in any order") {
  const Placement mirrored = Placement::of({{3, 4}, {2, 5}, {1, 6}, {0, 7}});
  const Schedule own = generate("zbv", 4, 2, 8), other = generate("zbv", mirrored, 8);
  for (std::size_t rank = 0; rank < 4; ++rank) CHECK(other.ranks[rank] == own.ranks[3 - rank]);
  CHECK(other.placement == mirrored);
  validate(other);
  CHECK(why_not("zbv", Placement::loop(4, 2), 8) ==
        "schedule zbv places its stages in a v, found placement loop; leave it out, or take gpipe, "
        "1f1b, looped-bfs, auto or a table of your own");
  CHECK(
      contains(*why_not("interleaved", Placement::of({{0, 3}, {1, 2, 4}}), 6), "found placement"));
  CHECK(contains(*why_not("1fb1", mirrored, 8), "unknown schedule"));
}

TEST_CASE("Some schedules take any placement, and on their own are what they always are") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    if (kind.generate_on == nullptr) continue;
    const std::string name(kind.name);
    const int v = kind.default_virtual_stages;
    for (int microbatches = 1; microbatches <= 13; ++microbatches) {
      for (int ranks = 1; ranks <= 6; ++ranks) {
        CAPTURE(name, ranks, microbatches);
        const Schedule own = generate(name, ranks, v, microbatches);
        CHECK(generate(name, own.placement, microbatches).ranks == own.ranks);
      }
      for (const Placement& placement :
           {Placement::of({{0, 5}, {1, 4}, {2, 3}}), Placement::of({{0, 3}, {1, 2, 4}}),
            Placement::of({{6, 2, 4}, {0}, {5, 1, 3, 7}}), Placement::wave(3, 4),
            Placement::loop(4, 3), Placement::of({{0, 1, 2, 3}, {4}})}) {
        CAPTURE(name, placement.name(), microbatches);
        const Schedule schedule = generate(name, placement, microbatches);
        CHECK(schedule.placement == placement);
        REQUIRE_NOTHROW(validate(schedule));
        CHECK(accumulates_in_ascending_order(schedule) ==
              (name != "looped-bfs" || microbatches == 1));
      }
    }
  }
}

TEST_CASE("An unknown schedule is refused with the list of names") {
  const std::string reason = "unknown schedule '1fb1'; expected one of " + join(schedule_names()) +
                             ", auto, or a .csv file; did you mean 1f1b?";
  CHECK(refusal("1fb1", 4, 1, 8) == reason);
  CHECK(why_unknown("1fb1") == reason);
  CHECK(!why_unknown("1f1b"));
  CHECK_THROWS_WITH(default_virtual_stages("1fb1"), reason);
  CHECK_THROWS_WITH(generate("1fb1", 4, 1, 8), reason);
}

TEST_CASE("Sizes for which there is no schedule are refused with what would do") {
  const std::string reason =
      "schedule gpipe has exactly 1 stage(s) per rank, found 2; set virtual stages to 1, or take "
      "interleaved, interleaved-ahead, grouped, hanayo, looped-bfs or interleaved-zb";
  CHECK(refusal("gpipe", 4, 2, 8) == reason);
  CHECK_THROWS_WITH(generate("gpipe", 4, 2, 8), reason);
  CHECK(refusal("gpipe", 0, 1, 8) != "");
  CHECK(!too_many_actions("gpipe", 4, 1, 8));
  CHECK(contains(too_many_actions("gpipe", 1000, 1, 2000).value_or(""), "found 1000 ranks x 1"));
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
      CHECK(refused == (name == "dualpipev" || copies_of(name) > 1));
    }
  }
}
