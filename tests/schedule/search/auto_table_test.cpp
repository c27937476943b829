// What the search gains over the named schedules at 8 ranks and 32 microbatches within 1F1B's
// memory, and how near it comes to what no schedule can beat.
#include <cstdio>
#include <ctime>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/search/auto_cases.h"
#include "schedule/search/auto_schedule.h"

using namespace pipetrain;
using namespace pipetrain::auto_cases;

namespace {

constexpr int kRanks = 8, kMicrobatches = 32;

std::vector<std::pair<std::string, Costs>> rows(int virtual_stages) {
  const Costs even = equal(kRanks, virtual_stages);
  const std::size_t stages = even.stages.size();
  Costs full = even;  // F=W=1, I=2
  for (StageCost& stage : full.stages) stage.backward_input *= 2;
  std::vector<std::pair<std::string, Costs>> all{
      {"equal", even}, {"I=2W, 1 2 1", full}, {"I=2W, 1 4/3 2/3", twice_the_input_gradient(even)}};
  for (std::size_t stage : {std::size_t{0}, std::size_t{1}, stages / 2, 3 * stages / 4}) {
    all.emplace_back("stage " + std::to_string(stage) + " x1.5", slow(even, stage, 1.5));
  }
  for (std::size_t stage : std::set<std::size_t>{0, kRanks - 1, stages / 2, stages - 1}) {
    all.emplace_back("stage " + std::to_string(stage) + " W=0", without_weights(even, stage));
  }
  for (double factor : {1.5, 2.0, 3.0}) {
    all.emplace_back("last x" + std::to_string(factor).substr(0, 3),
                     slow(even, stages - 1, factor));
  }
  all.emplace_back("messages 0.1", with_messages(even, 0.1));
  all.emplace_back("messages 0.1, I=2W", with_messages(twice_the_input_gradient(even), 0.1));
  all.emplace_back("messages 0.1, slow", with_messages(slow(even, stages / 2, 1.5), 0.1));
  all.emplace_back("messages 0.1, W=0", with_messages(without_weights(even, stages / 2), 0.1));
  all.emplace_back("messages 0.1, last x2", with_messages(slow(even, stages - 1, 2), 0.1));
  return all;
}

}  // namespace

// ./test_schedule "[.table]" prints the table.
TEST_CASE("What auto gains on the named schedules", "[.table]") {
  std::printf(
      "| v | costs | best named | makespan | auto | no schedule below | gain | CPU seconds |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  for (int virtual_stages : {1, 2, 3, 4}) {
    for (const auto& [name, costs] : rows(virtual_stages)) {
      const Named named = best_named(kRanks, kMicrobatches, costs, kRanks);
      const std::clock_t start = std::clock();
      const Schedule schedule = auto_schedule(kRanks, kMicrobatches, costs);
      const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      const double makespan = simulate(schedule, costs).makespan();
      CHECK(makespan <= named.makespan + 1e-9);
      std::printf("| %d | %s | %s | %.3f | %.3f | %.3f | %.2f%% | %.1f |\n", virtual_stages,
                  name.c_str(), named.name.c_str(), named.makespan, makespan,
                  least_makespan(kRanks, kMicrobatches, costs),
                  100 * (named.makespan / makespan - 1), seconds);
      std::fflush(stdout);
    }
  }
}
