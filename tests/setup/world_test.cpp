#include "setup/world.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace world_test {

TEST_CASE("Every rank learns where all are") {
  InProcess group(2);
  std::vector<World> worlds(2);
  group.run([&](int rank) {
    const auto collective = group.collective(rank);
    worlds[static_cast<std::size_t>(rank)] = learn_world({.host = "node" + std::to_string(rank),
                                                          .threads = 2,
                                                          .cores = 3 + rank,
                                                          .sharing = 6 - rank},
                                                         *collective);
  });
  for (int rank = 0; rank < 2; ++rank) {
    const World& world = worlds[static_cast<std::size_t>(rank)];
    CHECK(world.rank == rank);
    REQUIRE(world.size() == 2);
    CHECK(world.places[0].host == "node0");
    CHECK(world.places[1].host == "node1");
    CHECK(world.places[1].threads == 2);
    CHECK(world.places[1].cores == 4);
    CHECK(world.places[0].sharing == 6);
    CHECK(world.places[1].sharing == 5);
  }
}

TEST_CASE("Ranks are crowded where their threads outnumber the cores that they share") {
  const World enough{0, {{"a", 2, 4, 2}, {"b", 1, 1, 1}}};
  CHECK(!enough.oversubscribed());
  CHECK(enough.cores_per_rank() == 1);
  const World crowded{0, {{"a", 2, 4, 2}, {"b", 2, 4, 3}}};
  CHECK(crowded.oversubscribed());
  CHECK(crowded.cores_per_rank() == Approx(4.0 / 6));
  CHECK(World{0, {{"a", 2, 4, 3}, {"b", 1, 4, 1}}}.cores_per_rank() == Approx(4.0 / 6));
}

TEST_CASE("The cure is fewer threads where those are too many, else fewer ranks or more cores") {
  const auto cure = [](const RankPlace& crowded) {
    return World{0, {{"a", 1, 8, 1}, crowded}}.cure();
  };
  CHECK(cure({"b", 8, 4, 2}) == "set OMP_NUM_THREADS to 2");
  CHECK(cure({"b", 8, 4, 4}) == "set OMP_NUM_THREADS to 1");
  // Where they are most crowded.
  CHECK(World{0, {{"a", 12, 6, 2}, {"b", 8, 7, 1}}}.cure() == "set OMP_NUM_THREADS to 3");
  CHECK(cure({"b", 1, 2, 4}).starts_with("start at most as many ranks as there are cores"));
  CHECK(cure({"b", 2, 2, 4}).starts_with("set OMP_NUM_THREADS to 1 and start at most as many"));
}

TEST_CASE("A world is told by its ranks, hosts and threads") {
  CHECK(World{0, {{"a", 1, 1, 1}}}.text() == "1 rank on 1 host (a), 1 thread each");
  CHECK(World{0, {{"a", 2}, {"b", 2}, {"a", 2}}}.text() ==
        "3 ranks on 2 hosts (a, b), 2 threads each");
  CHECK(World{0, {{"a", 2}, {"a", 4}}}.text() == "2 ranks on 1 host (a), 2 to 4 threads each");
}

TEST_CASE("Ranks that share cores measure in turn") {
  const World world{0, {{"a", 1, 1, 2}, {"b", 1, 2, 2}, {"a", 1, 1, 2}, {"b", 1, 2, 2}}};
  CHECK(world.measuring_rounds() == std::vector<int>{0, 0, 1, 0});
}

}  // namespace world_test
