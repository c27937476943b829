#include <cstddef>

#include "catch.h"
#include "schedule/generate/figures_of.h"
#include "schedule/generate/rounds.h"

using namespace pipetrain;

// Narayanan et al. 2021, section 2.2.2.
TEST_CASE("Interleaving divides 1F1B's bubble by the stages per rank") {
  check_bubble("interleaved", [](const ScheduleSizes& sizes) {
    return 3.0 * (sizes.ranks - 1) / sizes.virtual_stages;
  });
}

// The warm-up of Megatron-LM: a round on all stages but one, and two forwards for each rank below.
TEST_CASE("Interleaved ranks keep what their warm-up runs ahead, and one more") {
  check_live("interleaved", [](const ScheduleSizes& sizes, int rank) {
    const int round = generators::rounds_of(sizes).per_round;
    return (sizes.virtual_stages - 1) * round + 2 * (sizes.ranks - 1 - rank) + 1;
  });
}

TEST_CASE("On one stage per rank the interleaved schedule runs two microbatches ahead per rank") {
  const Schedule schedule = generate("interleaved", 3, 1, 6);
  std::size_t ahead = 0;
  while (schedule.ranks[0][ahead].op == Op::kForward) ++ahead;
  CHECK(ahead == 5);
}
