// Collective operations of ranks that are threads of one process.
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/collective.h"
#include "comm/in_process.h"
#include "error_text.h"

using namespace pipetrain;

namespace {

void require(bool condition, const char* what) {  // Catch's macros are for one thread
  if (!condition) throw std::runtime_error(what);
}

}  // namespace

TEST_CASE("Collectives of threads add up in rank order") {
  for (const int ranks : {1, 2, 3, 4}) {
    InProcess group(ranks);
    group.run([&](int rank) {
      const auto collective = group.collective(rank);
      const auto n = static_cast<std::size_t>(ranks);
      std::vector<double> value(3, rank == 0 ? 1e16 : 1.0);  // (1e16 + 1) + 1 is not 1e16 + 2
      collective->all_reduce(value);
      require(value[2] == 1e16, "all_reduce");

      // Parts of 0, 2, 2, ... elements.
      Cuts cuts{0};
      for (std::size_t r = 0; r < n; ++r) cuts.push_back(2 * r);
      const auto mine = static_cast<std::size_t>(rank);
      std::vector<float> whole(cuts.back(), static_cast<float>(rank + 1));
      MemoryPool pool;
      const auto wait = [&](Pending& pending) {
        collective->wait_for([&] { return pending.done(); }, "a started operation");
      };
      // The second is started before the first is done.
      const auto scatter = collective->start_reduce_scatter(
          whole, cuts, Tensor(pool, {static_cast<std::int64_t>(2 * n)}));
      std::vector<float> gathered(cuts.back(), static_cast<float>(rank));
      const auto gather = collective->start_all_gather(gathered, cuts);
      wait(*scatter);
      require(scatter->take_scratch().elements() == 2 * ranks, "scratch comes back");
      wait(*gather);
      for (std::size_t i = 0; i < whole.size(); ++i) {
        const bool own = i >= cuts[mine] && i < cuts[mine + 1];
        const int sum = ranks * (ranks + 1) / 2;
        require(whole[i] == static_cast<float>(own ? sum : rank + 1), "reduce_scatter");
        const std::size_t part = i / 2 + 1;
        require(gathered[i] == static_cast<float>(part), "all_gather");
      }

      int sent = rank == ranks - 1 ? 7 : 0;
      collective->broadcast(std::as_writable_bytes(std::span(&sent, 1)), ranks - 1);
      require(sent == 7, "broadcast");
      const auto texts =
          collective->all_gather_text(std::string(static_cast<std::size_t>(rank), 'x'));
      require(texts.size() == n && texts.back() == std::string(n - 1, 'x'), "all_gather_text");
    });
  }
}

TEST_CASE("Groups of ranks have collectives of their own") {
  InProcess world(4);
  world.run([&](int rank) {
    const std::vector<int> mine = {rank % 2, rank % 2 + 2};
    const auto collective = world.collective(rank, mine);
    require(collective->rank() == rank / 2, "rank");
    for (int round = 0; round < 50; ++round) {
      std::vector<float> value = {static_cast<float>(rank)};
      collective->all_reduce(value);
      require(value[0] == static_cast<float>(mine[0] + mine[1]), "sum");
    }
  });
}

TEST_CASE("A collective that a rank does not join names its group") {
  InProcess world(2, {.timeout_seconds = 0.1});
  const auto body = [&](int rank) {
    if (rank == 1) world.collective(rank)->barrier();
  };
  CHECK(contains(error_text(ExitCode::kTimeout, [&] { world.run(body); }),
                 " s for barrier over ranks 0, 1"));
}
