#include "plan/candidate_network.h"

#include <memory>
#include <vector>

#include "catch.h"
#include "plan/made_up.h"

using namespace pipetrain;

namespace {

// Four ranks on two hosts.
std::shared_ptr<const Network> two_hosts() {
  return std::make_shared<Network>(
      Network{.hosts = 2,
              .within = {.latency_seconds = 1},
              .between = {.latency_seconds = 3, .seconds_per_byte = 0.5},
              .has_links = true,
              .all_ranks = 4});
}

}  // namespace

TEST_CASE("A candidate's places are as slow as their ranks") {
  PlanInputs inputs = MadeUp().inputs();
  CHECK(speeds_of(inputs, {.pipeline = 4}).empty());
  CHECK(candidate_network(inputs, {.pipeline = 4}, 8) == nullptr);
  inputs.rank_seconds = {1, 1, 2, 1};
  CHECK(speeds_of(inputs, {.pipeline = 4}) == std::vector<double>{1, 1, 0.5, 1});
  CHECK(speeds_of(inputs, {.data = 2, .pipeline = 2}) == std::vector<double>{0.5, 1});
  CHECK(speeds_of(inputs, {.tensor = 2, .pipeline = 2}) == std::vector<double>{1, 0.5});
  CHECK(candidate_network(inputs, {.pipeline = 4}, 8)->speeds.size() == 4);
}

TEST_CASE("A candidate's messages go over the links of its ranks") {
  PlanInputs inputs = MadeUp().inputs();
  inputs.network = two_hosts();
  const auto longest = [&](const Candidate& candidate) {
    const Costs costs{.network = candidate_network(inputs, candidate, 8)};
    return ways_of(costs, Placement::loop(candidate.pipeline)).longest();
  };
  CHECK(longest({.pipeline = 4}) == 7);
  CHECK(longest({.data = 2, .pipeline = 2}) == 1);    // each pipeline on one host
  CHECK(longest({.tensor = 2, .pipeline = 2}) == 7);  // ranks 0 and 2
  CHECK(machine_over(inputs, 1).message_latency_seconds == 1);
  CHECK(machine_over(inputs, 2).message_latency_seconds == 3);
  CHECK(machine_over(inputs, 2).message_bytes_per_second == 2);
  CHECK(machine_over(MadeUp().inputs(), 2).message_bytes_per_second == 1e9);
}

TEST_CASE("Plans count a slow rank and slow links") {
  const auto best = [](const PlanInputs& inputs) {
    const PlanRequest request{.ranks = 4, .memory_bytes = 1 << 30, .configured = {.pipeline = 4}};
    return search_plans(inputs, request).plans.front();
  };
  PlanInputs inputs = MadeUp().inputs();
  const double alike = best(inputs).step_seconds;
  inputs.rank_seconds = {1, 1, 2, 1};
  const double slow = best(inputs).step_seconds;
  CHECK(slow > alike);
  inputs.rank_seconds.clear();
  inputs.network = two_hosts();
  CHECK(best(inputs).step_seconds > alike);
}
