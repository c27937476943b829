// Planning must not keep a thousand-action rank waiting: large schedules are built, checked and
// simulated in linear time. Processor time is taken, which other programs on the machine leave
// nearly alone.
#include <algorithm>
#include <cstddef>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <string>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/message_bounds.h"
#include "schedule/simulate/simulate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

// Processor time to generate, validate and simulate, and the number of actions.
struct Effort {
  double cpu_seconds;
  std::size_t actions;
};

Effort plan(const std::string& name, int ranks, int microbatches) {
  const std::clock_t start = std::clock();
  const Schedule schedule = generate(name, ranks, default_virtual_stages(name), microbatches);
  validate(schedule);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  const std::clock_t spent = std::clock() - start;
  CHECK(timeline.makespan() > 0);
  return {static_cast<double>(spent) / CLOCKS_PER_SEC, schedule.action_count()};
}

}  // namespace

#ifdef NDEBUG
constexpr double kMostSeconds = 2;
#else
constexpr double kMostSeconds = 20;  // not optimized
#endif

// A fiftieth of the bound is usual; a step that grows with the square of the actions would take
// minutes.
TEST_CASE("64 ranks with 512 microbatches take less than two seconds in every schedule") {
  for (const std::string& name : schedule_names()) {
    CAPTURE(name);
    CHECK(plan(name, 64, 512).cpu_seconds < kMostSeconds);
  }
  const Schedule lowered = lower(generate("zbv", 64, 2, 512));
  CHECK(max_outstanding_sends(lowered)[0].forward > 0);
}

// meson test -C build --benchmark --verbose prints the table.
TEST_CASE("Time per action stays the same as schedules grow", "[.growth]") {
  constexpr int kRanks = 64, kPoints = 8, kRepeats = 5;
  std::cout << "generate, validate and simulate on " << kRanks << " ranks, best of " << kRepeats
            << " (processor time)\n"
            << "schedule        microbatches  actions  milliseconds  nanoseconds per action\n"
            << std::fixed;
  for (const std::string& name : schedule_names()) {
    for (int point = 1; point <= kPoints; ++point) {
      const int microbatches = 128 * point;
      Effort best = plan(name, kRanks, microbatches);
      for (int i = 1; i < kRepeats; ++i) {
        best.cpu_seconds = std::min(best.cpu_seconds, plan(name, kRanks, microbatches).cpu_seconds);
      }
      std::cout << std::left << std::setw(14) << name << std::right << std::setw(14) << microbatches
                << std::setw(9) << best.actions << std::setprecision(1) << std::setw(14)
                << best.cpu_seconds * 1e3 << std::setprecision(0) << std::setw(24)
                << best.cpu_seconds * 1e9 / static_cast<double>(best.actions) << "\n";
    }
  }
}
