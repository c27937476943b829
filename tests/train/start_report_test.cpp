#include "train/start_report.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace start_report_test {

namespace {

RankStart rank(const std::string& phases, ProcessMemory memory) {
  return {StartTimes::of_text(phases), memory, 2'000'000};
}

const std::vector<RankStart> kTwo = {
    rank("0.25 MPI_Init\n1.5 layer times\n",
         {.resident = 42'000'000, .proportional = 22'000'000, .own = 12'000'000}),
    rank("0.75 MPI_Init\n0.5 layer times\n",
         {.resident = 52'000'000, .proportional = 21'000'000, .own = 11'000'000})};

}  // namespace

TEST_CASE("The start's table has each phase and the memory beside tensors, with the highest rank") {
  const std::vector<std::string> expected = {
      "start, in seconds            rank 0     mean     most  rank",
      "MPI_Init                      0.250    0.500    0.750     1",
      "layer times                   1.500    1.000    1.500     0",
      "up to here                    1.750    1.500    1.750     0",
      "beside tensors, in MB        rank 0     mean     most  rank",
      "resident                       40.0     45.0     50.0     1",
      "proportional                   20.0     19.5     20.0     0",
      "its own                        10.0      9.5     10.0     0"};
  CHECK(start_table(kTwo) == expected);
}

TEST_CASE("What a rank says of its start arrives as it was sent") {
  std::vector<RankStart> copies;
  for (const RankStart& each : kTwo) copies.push_back(rank_start_of(to_text(each)));
  CHECK(start_table(copies) == start_table(kTwo));
}

}  // namespace start_report_test
