#include "doctor/findings.h"

#include <functional>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

// Four ranks on two hosts with nothing to complain of.
std::vector<Checkup> good_ranks() {
  std::vector<Checkup> ranks;
  for (int r = 0; r < 4; ++r) {
    ranks.push_back({.host = r < 2 ? "a" : "b",
                     .processor = "EPYC",
                     .instructions = "AVX2, oneDNN 2.6.3",
                     .mpi = "Open MPI v4.1.4",
                     .cores = 8,
                     .sharing = 1,
                     .threads = 8,
                     .host_cores = 16,
                     .free_memory_bytes = 8LL << 30,
                     .open_files = 1024,
                     .locked_memory_bytes = -1,
                     .sees_directory = true,
                     .product_flops = 8e11,
                     .bandwidth = 1e11,
                     .next = {.latency_seconds = 1e-6, .bytes_per_second = r == 1 ? 1e9 : 4e9}});
  }
  ranks[3].next = {};
  return ranks;
}

// The one finding of these ranks, "name: what"; "" if there is none.
std::string found(const std::function<void(std::vector<Checkup>&)>& spoil) {
  std::vector<Checkup> ranks = good_ranks();
  spoil(ranks);
  std::string text;
  for (const Finding& finding : findings_of(ranks)) {
    CHECK_FALSE(finding.cure.empty());
    text += (text.empty() ? "" : "\n") + finding.name + ": " + finding.what;
  }
  return text;
}

}  // namespace

TEST_CASE("Nothing is found on equal ranks") {
  CHECK(found([](auto&) {}) == "");
  CHECK(findings_of({}).empty());
  CHECK(findings_of(std::vector{good_ranks().front()}).empty());
}

TEST_CASE("What differs among hosts is named with who has what") {
  CHECK(found([](auto& ranks) { ranks[3].instructions = "AVX-512, oneDNN 2.6.3"; }) ==
        "instructions: AVX2, oneDNN 2.6.3 on ranks 0, 1, 2 (a, b); AVX-512, oneDNN 2.6.3 on rank 3 "
        "(b)");
  CHECK(found([](auto& ranks) { ranks[0].mpi = "Open MPI v5.0.7"; }) ==
        "mpi: Open MPI v5.0.7 on rank 0 (a); Open MPI v4.1.4 on ranks 1, 2, 3 (a, b)");
}

TEST_CASE("The slow rank is named, with its figure and the usual one") {
  CHECK(found([](auto& ranks) { ranks[2].product_flops = 4e11; }) ==
        "slow-rank: rank 2 (b): 50 GFLOP/s a thread where the median of all ranks is 100");
  CHECK(found([](auto& ranks) { ranks[2].product_flops = 6.5e11; }) == "");
  CHECK(found([](auto& ranks) { ranks[1].bandwidth = 5e10; }) ==
        "slow-memory: rank 1 (a): 50 GB/s a rank where the median of all ranks is 100");
}

TEST_CASE("A rank that waits for its cores is not slow for that") {
  CHECK(found([](auto& ranks) {
          ranks[2].processor_share = 0.5;
          ranks[2].product_flops = 4e11;
          ranks[2].bandwidth = 3e10;
        }) ==
        "busy: other programs take the processors, of which ranks had as little as 50%: rank 2 "
        "(b)");
  CHECK(found([](auto& ranks) {
          for (Checkup& rank : ranks) rank.sharing = 2;
          ranks[2].product_flops = 2e11;
          ranks[1].bandwidth = 3e10;
        }) == "many-threads: more threads than cores: ranks 0, 1, 2, 3 (a, b)");
}

TEST_CASE("A rank of fewer threads is not slow for that") {
  CHECK(found([](auto& ranks) {
          ranks[2].product_flops = 4e11;
          ranks[2].threads = 4;
        }) == "");
}

TEST_CASE("A link is compared with those of its kind") {
  CHECK(found([](auto& ranks) {
          ranks[0].host = "c";  // a second link between hosts
          ranks[0].next.bytes_per_second = 1e8;
          ranks[2].host = "d";
          ranks[2].next.bytes_per_second = 1e9;
        }) ==
        "slow-link: messages from rank 0 (c) to rank 1 (a): 0.1 GB/s where the median of "
        "links between hosts is 1");
  CHECK(found([](auto& ranks) {
          for (Checkup& rank : ranks) rank.host = "a";
        }) ==
        "slow-link: messages from rank 1 (a) to rank 2 (a): 1 GB/s where the median of links "
        "within a host is 4");
}

TEST_CASE("Cores that do not suffice have three causes") {
  const auto crowd = [](auto& ranks, int cores) {
    for (Checkup& rank : ranks) rank.cores = cores, rank.sharing = 2, rank.threads = 1;
  };
  CHECK(found([&](auto& ranks) {
          crowd(ranks, 1);
          for (Checkup& rank : ranks) rank.host_cores = 1;
        }) == "crowded: more ranks than cores: ranks 0, 1, 2, 3 (a, b)");
  CHECK(found([&](auto& ranks) { crowd(ranks, 1); }) ==
        "bound-to-few-cores: several ranks on the same few cores of a host with more: ranks 0, 1, "
        "2, 3 (a, b)");
  CHECK(found([](auto& ranks) { ranks[0].threads = 9; }) ==
        "many-threads: more threads than cores: rank 0 (a)");
  CHECK(found([&](auto& ranks) {
          crowd(ranks, 1);
          for (Checkup& rank : ranks) rank.quota = 1.5;
        }) == "quota: a control group grants 1.5 of 16 cores on a");
}

TEST_CASE("Other programs are told from ranks that crowd each other") {
  CHECK(
      found([](auto& ranks) { ranks[1].processor_share = 0.25, ranks[2].processor_share = 0.5; }) ==
      "busy: other programs take the processors, of which ranks had as little as 25%: ranks 1, 2 "
      "(a, b)");
  CHECK(found([](auto& ranks) {
          ranks[1].processor_share = 0.5;
          ranks[1].threads = 16;
          ranks[1].product_flops = 16e11;
        }) == "many-threads: more threads than cores: rank 1 (a)");
}

TEST_CASE("Limits of a host") {
  CHECK(found([](auto& ranks) {
          ranks[0].free_memory_bytes = ranks[1].free_memory_bytes = 1LL << 29;
        }) == "little-memory: less than 512 MiB of free memory a rank: ranks 0, 1 (a)");
  CHECK(found([](auto& ranks) { ranks[0].free_memory_bytes = 0; }) == "");  // not known
  CHECK(found([](auto& ranks) { ranks[3].clock_ahead_seconds = -3; }) ==
        "clocks: the time of day differs from rank 0's by up to 3 s: rank 3 (b)");
  CHECK(found([](auto& ranks) { ranks[3].sees_directory = false; }) ==
        "directory: what rank 0 writes there is not seen by rank 3 (b)");
  CHECK(found([](auto& ranks) {
          for (Checkup& rank : ranks) {
            rank.sees_directory = false;
            rank.directory_problem = "cannot write there: /proc: No such file or directory";
          }
        }) == "directory: cannot write there: /proc: No such file or directory");
  CHECK(found([](auto& ranks) { ranks[2].open_files = 256; }) ==
        "open-files: fewer than 1024 open files allowed: rank 2 (b)");
  CHECK(found([](auto& ranks) { ranks[2].open_files = -1; }) == "");
}

TEST_CASE("Of many ranks only the first ones are listed") {
  std::vector<Checkup> ranks(20, good_ranks().front());
  for (Checkup& rank : ranks) {
    rank.open_files = 1;
    rank.free_memory_bytes = 0;
    rank.next.bytes_per_second = 1e9;
  }
  const std::vector<Finding> findings = findings_of(ranks);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].what ==
        "fewer than 1024 open files allowed: ranks 0, 1, 2, 3, 4, 5, 6, 7 and 12 more (a)");
}
