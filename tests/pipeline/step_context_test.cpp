// Which rows a microbatch of a replica has, and which steps are in flight at once.
#include <cstdint>

#include "catch.h"
#include "pipeline/stage.h"

using namespace pipetrain;

namespace step_context_test {

TEST_CASE("Replicas share out the rows in order, and all microbatches differ by at most one") {
  for (const std::int64_t rows : {6, 11, 12, 25}) {
    for (int replicas = 1; replicas <= 3; ++replicas) {
      for (int microbatches = 1; microbatches <= 2; ++microbatches) {
        const std::int64_t least = rows / (std::int64_t{replicas} * microbatches);
        std::int64_t next = 0;
        for (int replica = 0; replica < replicas; ++replica) {
          const StepContext step{
              .rows = rows, .replicas = replicas, .replica = replica, .microbatches = microbatches};
          CHECK(step.first_row(0) == next);
          for (int m = 0; m < microbatches; ++m) {
            CHECK(step.first_row(m) == next);
            CHECK(step.rows_of(m) >= least);
            CHECK(step.rows_of(m) <= least + 1);
            next += step.rows_of(m);
          }
          CHECK(step.replica_rows() == next - step.first_row(0));
        }
        CHECK(next == rows);
      }
    }
  }
}

TEST_CASE("Microbatches share out the rows and differ by at most one") {
  constexpr std::int64_t kRows = 5;
  for (int microbatches = 1; microbatches <= 5; ++microbatches) {
    const StepContext step{.rows = kRows, .microbatches = microbatches};
    std::int64_t next = 0;
    for (int m = 0; m < microbatches; ++m) {
      CHECK(step.first_row(m) == next);
      CHECK(step.rows_of(m) >= kRows / microbatches);
      CHECK(step.rows_of(m) <= kRows / microbatches + 1);
      if (m > 0) CHECK(step.rows_of(m) <= step.rows_of(m - 1));
      next += step.rows_of(m);
    }
    CHECK(next == kRows);
  }
}

TEST_CASE("Steps, and evaluations between them, have parities of their own") {
  StepContext step;
  CHECK(step.parity() == 0);
  step.step = 7;
  CHECK(step.parity() == 1);
  step.mode = Mode::kEvaluate;
  CHECK(step.parity() == 3);
}

}  // namespace step_context_test
