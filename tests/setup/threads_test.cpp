#include "setup/threads.h"

#include <omp.h>
#include <stdlib.h>

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/on_ranks.h"
#include "setup/unset_threads.h"

using namespace pipetrain;

namespace threads_test {

namespace {

struct Settled {
  RankPlace place;
  int team = 0;  // that OpenMP would start
  ThreadNotes notes;
};

// On ranks of these places.
std::vector<Settled> settled(const std::vector<RankPlace>& places, int most = 100,
                             const std::string& crowded = "") {
  std::vector<Settled> found(places.size());
  on_ranks(static_cast<int>(places.size()), [&](Collective& world) {
    Settled& mine = found[static_cast<std::size_t>(world.rank())];
    mine.place = places[static_cast<std::size_t>(world.rank())];
    mine.notes = settle_threads(mine.place, crowded, world, most);
    mine.team = omp_get_max_threads();
  });
  return found;
}

}  // namespace

TEST_CASE("A rank has as many threads as OMP_NUM_THREADS asks for, else its share of the cores") {
  CHECK(settle_threads(3, {}).threads == 3);
  CHECK(settle_threads(0, {}).threads == 1);
  const ThreadsSettled asked = settle_threads(3, {.threads = 2});
  CHECK(asked.threads == 2);
  CHECK(asked.warning.empty());
  const ThreadsSettled no_number = settle_threads(1, {.not_a_number = "many"});
  CHECK(no_number.threads == 1);
  CHECK(no_number.warning ==
        "OMP_NUM_THREADS: found 'many', no positive number; taken as not set: 1 thread, this "
        "rank's share of the cores");
}

TEST_CASE("Ranks that run on the same cores share them, and take at most what is useful") {
  const UnsetThreads unset;
  const RankPlace half{.cores = 4, .sharing = 2}, crowd{.cores = 2, .sharing = 3};
  const std::vector<Settled> found = settled({half, crowd});
  CHECK(found[0].place.threads == 2);
  CHECK(found[0].team == 2);
  CHECK(found[1].place.threads == 1);
  CHECK(settled({half}, 1)[0].place.threads == 1);
}

TEST_CASE("Rank 0 is told how ranks wait, and what which of them is asked for in vain") {
  const UnsetThreads unset;
  const RankPlace one{.cores = 1};
  CHECK(settled({one, one})[0].notes.waiting.empty());
  const std::vector<Settled> crowded = settled({one, one}, 1, "2 ranks on 1 core");
  CHECK(crowded[0].notes.waiting == "threads and ranks sleep while they wait: 2 ranks on 1 core");
  CHECK(crowded[1].notes.waiting.empty());
  setenv("OMP_NUM_THREADS", "none", 1);
  const RankPlace two{.cores = 2};
  const std::vector<Settled> everywhere = settled({one, one}), otherwise = settled({one, two, one});
  REQUIRE(everywhere[0].notes.warnings.size() == 1);
  CHECK(everywhere[0].notes.warnings[0].starts_with("OMP_NUM_THREADS: found 'none'"));
  CHECK(everywhere[1].notes.warnings.empty());
  REQUIRE(otherwise[0].notes.warnings.size() == 2);
  CHECK(otherwise[0].notes.warnings[0].starts_with("rank 0, 2: OMP_NUM_THREADS"));
  CHECK_THAT(otherwise[0].notes.warnings[0], ContainsSubstring(": 1 thread,"));
  CHECK(otherwise[0].notes.warnings[1].starts_with("rank 1: OMP_NUM_THREADS"));
}

TEST_CASE("Rank 0 is told which ranks are bound to what, ranks of several hosts in one line") {
  const UnsetThreads unset;
  const RankPlace first{.binding = "bound to a"}, second{.binding = "bound to b"};
  const std::vector<Settled> found = settled({first, second, first});
  CHECK(found[0].notes.bindings ==
        std::vector<std::string>{"rank 0, 2: bound to a", "rank 1: bound to b"});
  CHECK(found[0].notes.warnings.empty());
  CHECK(found[1].notes.bindings.empty());
  CHECK(settled({first, first})[0].notes.bindings == std::vector<std::string>{"bound to a"});
  const std::vector<Settled> kept =
      settled({{.warning = "not allowed"}, {.warning = "not allowed"}});
  CHECK(kept[0].notes.bindings.empty());
  CHECK(kept[0].notes.warnings == std::vector<std::string>{"not allowed"});
}

TEST_CASE("Of many ranks the log shows some bindings") {
  std::vector<RankPlace> places(11);
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    places[rank].binding = "bound to " + std::to_string(rank);
  }
  const std::vector<std::string> lines = settled(places)[0].notes.bindings;
  REQUIRE(lines.size() == 9);
  CHECK(lines[7] == "rank 7: bound to 7");
  CHECK(lines[8] == "and so on, in 3 more places");
}

}  // namespace threads_test
