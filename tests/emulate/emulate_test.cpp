// Emulated pipelines against their simulation.
#include "emulate/emulate.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "schedule/generate/generate.h"
#include "schedule/search/vocabulary.h"

using namespace pipetrain;

namespace {

// What each of two ranks has found.
std::vector<Emulation> on_two_ranks(const Schedule& schedule, const Costs& costs, int steps) {
  std::vector<Emulation> found(2);
  InProcess group(2, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const auto collective = group.collective(rank);
    found[static_cast<std::size_t>(rank)] =
        emulate(schedule, costs, {.message_bytes = 64, .steps = steps}, {"here", "here"}, *mailbox,
                *collective, pool);
  });
  return found;
}

}  // namespace

TEST_CASE("An emulation is never faster than its simulation, and counts live microbatches") {
  for (const std::string name : {"gpipe", "1f1b", "zbv"}) {
    INFO(name);
    const Schedule schedule = generate(name, 2, default_virtual_stages(name), 6);
    const Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
    const std::vector<Emulation> found = on_two_ranks(schedule, costs, 3);
    const Timeline simulated = simulate(schedule, costs);
    for (const Emulation& emulation : found) {
      CHECK(emulation.simulated_seconds == simulated.makespan());
      CHECK(emulation.bubble_simulated == simulated.bubble_fraction());
      CHECK(emulation.measured_seconds >= emulation.simulated_seconds);
      CHECK(emulation.bubble_measured > 0);
      CHECK(emulation.bubble_measured < 1);
      CHECK(emulation.step_seconds.size() == 3);
      CHECK(emulation.peak_live_microbatches == simulated.peak_live_microbatches);
    }
    CHECK(found[0].measured_seconds == found[1].measured_seconds);
  }
}

TEST_CASE("A schedule with the vocabulary over the pipeline is emulated with its pieces") {
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const std::string name : {"1f1b", "zbv"}) {
    CAPTURE(name_of(kVocabularyPlaces, place), name);
    const Schedule schedule =
        with_vocabulary(generate(name, 2, default_virtual_stages(name), 6), place);
    Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
    costs.pieces = {{0.003, 0.002}, {0.003, 0.002}};
    const std::vector<Emulation> found = on_two_ranks(schedule, costs, 2);
    const Timeline simulated = simulate(schedule, costs);
    CHECK(simulated.makespan() > 6 * (0.006 + 0.005));
    CHECK(found[0].simulated_seconds == simulated.makespan());
    CHECK(found[0].measured_seconds >= 0.98 * simulated.makespan());
    CHECK(found[0].peak_live_microbatches == simulated.peak_live_microbatches);
  }
}

TEST_CASE("A message's time is measured between neighbours, and 0 where there are none") {
  for (const int ranks : {1, 3}) {
    InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
    std::vector<double> seconds(static_cast<std::size_t>(ranks));
    group.run([&](int rank) {
      MemoryPool pool;
      const auto mailbox = group.mailbox(rank, pool);
      const auto collective = group.collective(rank);
      seconds[static_cast<std::size_t>(rank)] =
          measure_message_seconds(4096, *mailbox, *collective, pool);
    });
    for (const double each : seconds) CHECK(each == seconds[0]);
    CHECK((seconds[0] > 0) == (ranks > 1));
  }
}
