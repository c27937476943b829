// Planning must not keep a thousand-action rank waiting: large schedules are built, checked and
// simulated in linear time.
#include <chrono>
#include <iostream>
#include <string>

#include "catch.h"
#include "schedule/generate.h"
#include "schedule/lower.h"
#include "schedule/message_bounds.h"
#include "schedule/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

// Seconds to generate, validate and simulate, and the number of actions.
struct Effort {
  double seconds;
  std::size_t actions;
};

Effort plan(const std::string& name, int ranks, int microbatches) {
  const auto start = std::chrono::steady_clock::now();
  const Schedule schedule = generate(name, ranks, default_virtual_stages(name), microbatches);
  validate(schedule);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  CHECK(timeline.makespan() > 0);
  return {spent.count(), schedule.action_count()};
}

}  // namespace

TEST_CASE("64 ranks with 512 microbatches take less than two seconds in every schedule") {
  for (const std::string& name : schedule_names()) {
    CAPTURE(name);
    CHECK(plan(name, 64, 512).seconds < 2);
  }
  const Schedule lowered = lower(generate("zbv", 64, 2, 512));
  CHECK(max_outstanding_sends(lowered)[0].forward > 0);
}

// ./test_schedule "[.growth]" prints the table.
TEST_CASE("Time per action stays the same as schedules grow", "[.growth]") {
  std::cout << "schedule, ranks, microbatches, actions, seconds, nanoseconds per action\n";
  for (const std::string& name : schedule_names()) {
    for (int microbatches = 128; microbatches <= 1024; microbatches += 128) {
      const Effort effort = plan(name, 64, microbatches);
      std::cout << name << ", 64, " << microbatches << ", " << effort.actions << ", "
                << effort.seconds << ", "
                << effort.seconds * 1e9 / static_cast<double>(effort.actions) << "\n";
    }
  }
}
