#include "catch.h"
#include "schedule/generate/figures_of.h"
#include "schedule/generate/rounds.h"

using namespace pipetrain;

TEST_CASE("Interleaving divides ZB-H1's bubble by the stages per rank") {
  check_bubble("interleaved-zb", [](const ScheduleSizes& sizes) {
    return (sizes.ranks - 1.0) / sizes.virtual_stages;
  });
}

TEST_CASE("Interleaved ranks whose weights wait keep a round on all stages but one, and p more") {
  check_live("interleaved-zb", [](const ScheduleSizes& sizes, int) {
    return (sizes.virtual_stages - 1) * generators::rounds_of(sizes).per_round + sizes.ranks;
  });
}

TEST_CASE("On one stage per rank in one round the interleaved schedule is ZB-H1") {
  CHECK(generate("interleaved-zb", 4, 1, 4).ranks == generate("zb-h1", 4, 1, 4).ranks);
}
