// Emulated steps that follow each other, against their simulation.
#include "emulate/emulate_steps.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

constexpr int kSteps = 5, kMicrobatches = 4;

// As rank 0 of two sees it.
Emulation emulated(StepRule rule, const std::string& name = "1f1b") {
  const Schedule schedule = generate(name, 2, default_virtual_stages(name), kMicrobatches);
  const Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
  Emulation found;
  InProcess group(2, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const auto collective = group.collective(rank);
    const EmulationOptions options{
        .message_bytes = 64, .steps = kSteps, .trace = true, .between = rule};
    Emulation mine =
        emulate_steps(schedule, costs, options, {"here", "here"}, *mailbox, *collective, pool);
    if (rank == 0) found = mine;
  });
  return found;
}

}  // namespace

TEST_CASE("Emulated steps in a row are never faster than simulated ones, in the memory of one") {
  for (const StepRule rule : {StepRule::kFlush, StepRule::kPostValidation, StepRule::kDelayed}) {
    const Emulation found = emulated(rule);
    CHECK(found.measured_seconds >= found.simulated_seconds);
    CHECK(found.simulated_seconds >= kMicrobatches * 0.006);
    CHECK(found.bubble_measured > 0);
    CHECK(found.step_seconds == std::vector<double>{found.measured_seconds});
    CHECK(found.peak_live_microbatches == std::vector<double>{2, 1});
  }
}

TEST_CASE("With a delay the simulated bubble is the smallest, whatever the schedule") {
  for (const std::string name : {"1f1b", "interleaved"}) {
    CHECK(emulated(StepRule::kDelayed, name).bubble_simulated <
          emulated(StepRule::kFlush, name).bubble_simulated);
  }
}

TEST_CASE(
    "With post-validation nothing but the first step's warm-up is left of the bubble of ZB-H2") {
  const Emulation flushed = emulated(StepRule::kFlush, "zb-h2"),
                  validated = emulated(StepRule::kPostValidation, "zb-h2");
  CHECK(validated.bubble_simulated < flushed.bubble_simulated / 2);
  CHECK(validated.simulated_seconds < flushed.simulated_seconds);
  CHECK(validated.measured_seconds >= validated.simulated_seconds);
}

TEST_CASE("The trace of steps in a row holds every action of each once") {
  for (const StepRule rule : {StepRule::kFlush, StepRule::kDelayed}) {
    const Emulation found = emulated(rule);
    REQUIRE(found.trace.size() == 1);
    for (const auto& spans : found.trace[0].timeline.ranks) {
      std::set<int> forwards;
      std::size_t count = 0;
      for (const Span& span : spans) {
        if (span.waiting || span.action.op != Op::kForward) continue;
        ++count;
        forwards.insert(span.action.microbatch);
      }
      CHECK(count == kSteps * kMicrobatches);
      CHECK(forwards.size() == count);
      CHECK(*forwards.begin() == 0);
      CHECK(*forwards.rbegin() == kSteps * kMicrobatches - 1);
    }
  }
}
