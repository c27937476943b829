#include "schedule/choose/schedule_request.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/files.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

template <class Work>
std::string refusal(Work work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

// The reason, which is the one that asking for it says.
std::string request_refusal(const ScheduleRequest& request) {
  const std::string reason = why_not(request).value_or("");
  CHECK(refusal([&] { choose(request, {}); }) == reason);
  return reason;
}

}  // namespace

TEST_CASE("A schedule is asked for by name, as evaluation's, searched, or as a table") {
  CHECK(choose({.name = "zbv", .ranks = 2, .microbatches = 4}, {}).virtual_stages() == 2);
  const Schedule forwards = choose({.name = "forwards",
                                    .forward_only = true,
                                    .ranks = 2,
                                    .microbatches = 4,
                                    .virtual_stages = 3},
                                   {});
  CHECK(is_forward_only(forwards));
  CHECK(forwards.stage_count() == 6);
  const GivenCosts costs = given_costs("1,2,1", "");
  const Schedule searched = choose({.name = "auto", .ranks = 4, .microbatches = 8}, costs);
  const Schedule published = choose({.name = "1f1b", .ranks = 4, .microbatches = 8}, costs);
  CHECK(simulate(searched, costs.on(Placement::loop(4))).makespan() <
        simulate(published, costs.on(Placement::loop(4))).makespan());
  const std::string table = repository_path("tests/golden/schedules/zbv_S4_M8.csv");
  CHECK(choose({.name = table}, {}).ranks ==
        choose({.name = "zbv", .ranks = 4, .microbatches = 8}, {}).ranks);
}

TEST_CASE("Sizes that do not fit are refused with both numbers") {
  const std::string table = repository_path("tests/golden/schedules/zbv_S4_M8.csv");
  CHECK(refusal([&] {
          choose({.name = table, .ranks = 2}, {});
        }).find("for 4 ranks (one row each), but there are 2") != std::string::npos);
  CHECK(why_not({.name = table, .ranks = 2}).value_or("").find("for 4 ranks, but 2") !=
        std::string::npos);
  CHECK(request_refusal({.name = table, .microbatches = 9}) ==
        table +
            " is a schedule for 8 microbatches, but 9 are asked for; leave them out or ask for "
            "8 microbatches, or take another table");
  CHECK(request_refusal({.name = table, .virtual_stages = 1})
            .find("for 2 stages per rank, but 1 are asked for; leave them out or ask for 2 virtual "
                  "stages") != std::string::npos);
  CHECK(request_refusal({.name = "1f1b", .ranks = 4}).find("missing") != std::string::npos);
  CHECK(request_refusal({.name = "1f1b", .ranks = 1'000'000, .microbatches = 1'000'000})
            .find("at most 5 million actions") != std::string::npos);
  CHECK(request_refusal(
            {.name = "1f1b", .ranks = 2, .microbatches = 4, .search = {.live_microbatches = 2}})
            .find("for schedule auto alone") != std::string::npos);
}

TEST_CASE("Forwards alone are no schedule that trains") {
  CHECK(request_refusal({.name = "forward-only", .ranks = 2, .microbatches = 4})
            .starts_with("unknown schedule 'forward-only'"));
}

TEST_CASE("A number of microbatches that is left open is the largest that the schedule takes") {
  const auto microbatches = [](const std::string& name, int usual, int most) {
    return choose(
               {.name = name, .ranks = 4, .most_microbatches = most, .usual_microbatches = usual},
               {})
        .microbatches;
  };
  CHECK(microbatches("1f1b", 0, 100) == 16);  // 4 of each stage
  CHECK(microbatches("interleaved", 0, 100) == 32);
  CHECK(microbatches("1f1b", 0, 5) == 5);
  CHECK(microbatches("1f1b", 7, 100) == 7);
  CHECK(microbatches("interleaved", 13, 100) == 12);
  CHECK(request_refusal({.name = "dualpipev", .ranks = 4, .most_microbatches = 7})
            .find("found M=7: it needs two microbatches per rank; take M=8 or more") !=
        std::string::npos);
  CHECK(
      request_refusal(
          {.name = "interleaved", .ranks = 2, .virtual_stages = 2147483647, .most_microbatches = 7})
          .find("at most 5 million actions") != std::string::npos);
}

TEST_CASE("Before costs are known all is known of a schedule but what is searched for") {
  const Schedule sizes = choose_without_costs(
      {.name = "auto", .ranks = 4, .virtual_stages = 2, .most_microbatches = 6});
  CHECK(sizes.ranks.empty());
  CHECK(sizes.virtual_stages() == 2);
  CHECK(sizes.microbatches == 6);
  const ScheduleRequest named{.name = "zbv", .ranks = 2, .microbatches = 4};
  CHECK(choose_without_costs(named).ranks == choose(named, {}).ranks);
  CHECK(request_refusal(
            {.name = "auto", .ranks = 2, .microbatches = 4, .search = {.live_microbatches = 0.5}})
            .find("below one live microbatch") != std::string::npos);
}

TEST_CASE("All that are listed can be asked for") {
  std::vector<std::string> names;
  for (const ListedSchedule& listed : listed_schedules()) {
    const std::string name(listed.name);
    INFO(name);
    CHECK(listed.description.ends_with("."));
    const Schedule sizes = choose_without_costs({.name = name, .ranks = 2, .microbatches = 4});
    CHECK(sizes.virtual_stages() == listed.default_virtual_stages);
    names.push_back(name);
  }
  CHECK(names.front() == "gpipe");
  CHECK(names.back() == "auto");
}

TEST_CASE("A placement is searched for with the schedule, or the option that does is named") {
  const PlacementChoice searched = parse_placement("auto", "--placement");
  const std::string table = repository_path("tests/golden/schedules/zbv_S4_M8.csv");
  for (const ScheduleRequest& request :
       {ScheduleRequest{.name = "1f1b", .ranks = 4, .microbatches = 8, .placement = searched},
        ScheduleRequest{.name = table, .placement = searched}}) {
    CHECK(request_refusal(request) ==
          "schedule " + request.name +
              ": placement auto is searched for together with schedule auto alone; take that "
              "(--name auto, --schedule auto or pipeline.schedule: auto), or name one: own, loop, "
              "v or "
              "wave");
  }
  const ScheduleRequest all{.name = "all", .ranks = 2, .microbatches = 4, .placement = searched};
  CHECK(choose(request_of_one(all, "auto"), {}).stage_count() == 2);
  CHECK(choose(request_of_one(all, "1f1b"), {}).placement == Placement::loop(2));
}
