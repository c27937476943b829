#include "report/explorer.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

nlohmann::json data_of(const std::string& page) {
  const std::string mark = "id=\"data\">";
  const auto begin = page.find(mark) + mark.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

}  // namespace

TEST_CASE("A list is a letter for each action: its kind, and its stage among the rank's own") {
  const Schedule plain = generate("1f1b", 2, 1, 2);
  CHECK(list_text(plain.ranks[0], {0}, 2) == "aAADD");
  CHECK(list_text(plain.ranks[1], {1}, 2) == "aADAD");
  const std::vector<Action> two = {{Op::kForward, 0, 0},
                                   {Op::kForward, 3, 0},
                                   {Op::kBackwardInput, 3, 0},
                                   {Op::kBackwardWeight, 3, 0}};
  CHECK(list_text(two, {0, 3}, 1) == "aABDF");
}

TEST_CASE("Backward actions may go down; what follows no order is spelled out") {
  const std::vector<Action> down = {
      {Op::kForward, 0, 0}, {Op::kForward, 0, 1}, {Op::kBackward, 0, 1}, {Op::kBackward, 0, 0}};
  CHECK(list_text(down, {0}, 2) == "dAADD");
  const std::vector<Action> mixed = {{Op::kForward, 0, 1}, {Op::kForward, 0, 0}};
  CHECK(list_text(mixed, {0}, 2) == "x0F1,0F0");
}

TEST_CASE("Slices follow each other in their microbatches, backwards from the last") {
  const Schedule sliced = generate("1f1b", 2, 1, 2, 2);
  CHECK(list_text(sliced.ranks[0], {0}, 2, 2) == "sAAADADDD");
  CHECK(list_text(sliced.ranks[1], {1}, 2, 2) == "sAADADADD");
  std::vector<Action> swapped = sliced.ranks[1];
  std::swap(swapped[2], swapped[4]);  // the backward of slice 0 before that of slice 1
  CHECK(list_text(swapped, {1}, 2, 2) == "x1F0,1F0.1,1B0,1F1,1B0.1,1F1.1,1B1.1,1B1");
}

TEST_CASE("The explorer has every published schedule, in less than 2 MB") {
  const std::string page = explorer_page();
  CHECK(page.size() < 2'000'000);
  const nlohmann::json data = data_of(page);
  for (const std::string& name : schedule_names()) {
    INFO(name);
    CHECK(data["lists"].contains(name));
    CHECK(data["lists"][name].contains("4." + std::to_string(default_virtual_stages(name))));
  }
  for (const ScheduleKind& kind : schedule_kinds()) {
    const std::string name(kind.name);
    INFO(name);
    const auto& sizes = data["lists"][name]["4." + std::to_string(kind.default_virtual_stages)];
    CHECK(sizes["lists"].contains("8"));
    CHECK(sizes["lists"].contains("2.4") == kind.takes_slices);
  }
}

TEST_CASE("A page of one schedule begins with its sizes and costs; a name is text, never markup") {
  const Schedule schedule = generate("zbv", 4, 2, 8);
  const GivenCosts costs{.rank_share = {1, 2, 3}, .message = 0.5};
  const std::string page = schedule_page("</script><script>alert(1)", schedule, costs, true);
  CHECK(page.find("<script>alert") == std::string::npos);
  const nlohmann::json start = data_of(page)["start"];
  CHECK(start["s"] == "</script><script>alert(1)");
  CHECK(start["p"] == 4);
  CHECK(start["i"] == 2);
  CHECK(start["c"] == 0.5);
  CHECK(start["r"] == 1);
}

TEST_CASE("A page of one schedule has its slices") {
  const auto data = data_of(schedule_page("1f1b", generate("1f1b", 4, 1, 2, 3), {}, false));
  CHECK(data["start"]["n"] == 3);
  CHECK(data["slices"] == nlohmann::json::array({3}));
  CHECK(data["lists"]["1f1b"]["4.1"]["lists"].contains("2.3"));
}

TEST_CASE("A schedule too large for a page is refused") {
  CHECK_THROWS_AS(schedule_page("gpipe", generate("gpipe", 40, 1, 1), {}, false), Error);
  CHECK_THROWS_AS(schedule_page("gpipe", generate("gpipe", 32, 1, 4096), {}, false), Error);
}
