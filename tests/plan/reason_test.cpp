#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "made_up.h"
#include "plan/planner.h"

using namespace pipetrain;

namespace {

Plan plan(const std::string& schedule, int microbatches, double bubble, double busy = 9,
          double step = 10) {
  Plan made;
  made.candidate = {.pipeline = 4, .schedule = schedule, .microbatches = microbatches};
  made.bubble_fraction = bubble;
  made.busy_seconds = busy;
  made.step_seconds = step;
  return made;
}

std::string reason_of(std::vector<Plan> plans) {
  PlanResult result;
  result.plans = std::move(plans);
  return reason(result, 4);
}

}  // namespace

TEST_CASE("A candidate's text says what differs from the plainest one") {
  Candidate candidate{.pipeline = 4, .schedule = "zb-h1", .microbatches = 16};
  CHECK(text_of(candidate, 4) == "zb-h1 with M=16");
  CHECK(text_of(candidate, 8) == "zb-h1 with M=16 on 4 ranks");
  candidate = {.data = 2,
               .tensor = 3,
               .pipeline = 1,
               .schedule = "interleaved",
               .virtual_stages = 2,
               .microbatches = 8,
               .recompute = Recompute::kFull,
               .shard = Shard::kOptimizer,
               .precision = DType::kBFloat16};
  CHECK(text_of(candidate, 6) ==
        "interleaved with v=2, M=8 in 2 replicas of 1 rank (optimizer sharded), each stage shared "
        "by 3 ranks and recompute full in bfloat16");
  CHECK(text_of({}, 2) == "1f1b with M=1 on 1 rank");
  candidate = {.pipeline = 4, .schedule = "1f1b", .microbatches = 2, .slices = 4};
  CHECK(text_of(candidate, 4) == "1f1b with M=2, 4 slices");
}

TEST_CASE("Slices are held against whole sequences") {
  Plan sliced = plan("1f1b", 2, 0.2), other = plan("gpipe", 2, 0.25);
  sliced.candidate.slices = other.candidate.slices = 4;
  CHECK(reason_of({sliced, other, plan("gpipe", 2, 0.5), plan("1f1b", 2, 0.6)}) ==
        "1f1b with M=2, 4 slices: bubble 20.0% against 25.0% of gpipe with M=2, 4 slices; whole "
        "sequences would have a bubble of 60.0%.");
}

TEST_CASE("The best plan is held against another schedule of its sizes, before any other") {
  CHECK(reason_of({plan("1f1b", 8, 0.1)}) == "1f1b with M=8: no other schedule was found to fit.");
  CHECK(reason_of({plan("1f1b", 8, 0.1), plan("zbv", 16, 0.4), plan("gpipe", 8, 0.2)}) ==
        "1f1b with M=8: bubble 10.0% against 20.0% of gpipe with M=8.");
  CHECK(reason_of({plan("1f1b", 8, 0.1), plan("zbv", 16, 0.4)}) ==
        "1f1b with M=8: bubble 10.0% against 40.0% of zbv with M=16.");
}

TEST_CASE("Where the bubble is no reason the step is") {
  CHECK(reason_of({plan("1f1b", 8, 0.1, 9, 10), plan("zbv", 8, 0.1, 9, 12.5)}) ==
        "1f1b with M=8: a step 20.0% shorter than that of zbv with M=8.");
}

TEST_CASE("More microbatches keep ranks busy for longer, fewer have a longer bubble") {
  const std::string start = "1f1b with M=8: no other schedule was found to fit";
  CHECK(reason_of({plan("1f1b", 8, 0.1, 9), plan("1f1b", 4, 0.2, 8), plan("1f1b", 16, 0.05, 10)}) ==
        start +
            "; M=16 would have a bubble of 5.0%, but its smaller products keep the ranks busy "
            "11.1% longer.");
  CHECK(reason_of({plan("1f1b", 8, 0.1, 9), plan("1f1b", 4, 0.2, 8)}) ==
        start + "; M=4 would have a bubble of 20.0%.");
  CHECK(reason_of({plan("1f1b", 8, 0.1, 9), plan("1f1b", 4, 0.1, 8)}) == start + ".");
}

TEST_CASE("The reason names the best plan and what it is better than") {
  const PlanResult result = search_plans(MadeUp{.fixed = 1}.inputs(), request(4, 1 << 30));
  const std::string why = reason(result, 4);
  CHECK(why.starts_with(result.plans.front().candidate.schedule + " with "));
  CHECK(why.find("bubble") != std::string::npos);
  CHECK(why.ends_with("."));
}
