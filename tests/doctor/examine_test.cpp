#include "doctor/examine.h"

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

// What two ranks of this process find, which stand on hosts of these names.
std::vector<Checkup> examined(const std::filesystem::path& directory,
                              const std::vector<std::string>& hosts) {
  const int ranks = static_cast<int>(hosts.size());
  std::vector<Checkup> found(hosts.size());
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const auto collective = group.collective(rank);
    World world{rank, {}};
    for (const std::string& host : hosts) world.places.push_back({.host = host, .cores = 3});
    Ops ops(pool);
    found[static_cast<std::size_t>(rank)] = examine(
        {.mpi = "an MPI", .directory = directory, .seconds = 1e-3}, world,
        {Grid(ranks, 1, 1, ranks), *mailbox, *collective, *collective, *collective}, pool, ops);
  });
  return found;
}

}  // namespace

TEST_CASE("Every rank is measured") {
  const std::filesystem::path directory = std::filesystem::temp_directory_path();
  const auto found = examined(directory, {"a", "a"});
  for (const Checkup& rank : found) {
    CHECK(rank.host == "a");
    CHECK(rank.mpi == "an MPI");
    CHECK(rank.cores == 3);
    CHECK(rank.host_cores >= 1);
    CHECK(rank.free_memory_bytes > 0);
    CHECK(rank.open_files != 0);
    CHECK(rank.sees_directory);
    CHECK(rank.clock_ahead_seconds == 0);
    CHECK(rank.product_flops > 1e8);
    CHECK(rank.bandwidth > 1e7);
    CHECK_FALSE(rank.instructions.empty());
  }
  CHECK(found[0].next.latency_seconds > 0);
  CHECK(found[0].next.bytes_per_second > 1e6);
  CHECK(found[1].next.bytes_per_second == 0);
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    CHECK_FALSE(entry.path().filename().string().starts_with(".pipetrain-doctor-" +
                                                             std::to_string(getpid())));
  }
}

TEST_CASE("A directory in which rank 0 cannot write is seen by nobody, and all know why") {
  for (const Checkup& rank : examined("/nowhere/at/all", {"a", "a"})) {
    CHECK_FALSE(rank.sees_directory);
    CHECK(rank.directory_problem ==
          "cannot write there: /nowhere/at/all: No such file or directory");
  }
}
