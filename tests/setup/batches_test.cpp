#include "setup/batches.h"

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace batches_test {

namespace {

using Rows = std::vector<std::vector<std::int64_t>>;

constexpr std::uint64_t kSeed = 7;

// 10 samples in batches of 6, over 2 replicas of 2 microbatches.
Batches two_replicas(int replica) { return {{10, 6, 4}, kSeed, 2, replica, 2, {5}}; }

}  // namespace

TEST_CASE("A training step has the rows of its epoch, and its loss their number of targets") {
  const Batches batches = two_replicas(1);
  const StepContext whole = batches.training_step(0), rest = batches.training_step(1);
  CHECK(whole.rows == 6);
  CHECK(rest.rows == 4);
  CHECK(whole.seed == kSeed);
  CHECK(whole.gradient_scale == 1.0 / 30);
  CHECK(rest.gradient_scale == 1.0 / 20);
  CHECK(whole.replica == 1);
  CHECK(whole.first_row(0) == 3);
  CHECK(whole.replica_rows() == 3);
}

TEST_CASE("What is fed is the same from whichever replica it is seen") {
  for (int replica = 0; replica < 2; ++replica) {
    const Batches batches = two_replicas(replica);
    const BatchRows second = batches.batch_rows(batches.training_step(1));
    CHECK(second.training);
    CHECK(second.pass == 0);
    CHECK(second.first_row == 6);
    CHECK(second.parity == 1);
    CHECK(second.microbatch_rows == Rows{{1, 1}, {1, 1}});
    const BatchRows third = batches.batch_rows(batches.training_step(2));
    CHECK(third.pass == 1);
    CHECK(third.first_row == 0);
    CHECK(third.microbatch_rows == Rows{{2, 1}, {2, 1}});
  }
}

TEST_CASE("A replica with fewer rows than microbatches evaluates as many as it has rows, or none") {
  const Batches first = two_replicas(0), second = two_replicas(1);
  const StepContext one = first.evaluation_step(4, 1), none = second.evaluation_step(4, 1);
  CHECK(one.mode == Mode::kEvaluate);
  CHECK(one.microbatches == 1);
  CHECK(none.microbatches == 0);
  const BatchRows last = first.batch_rows(one, /*first_row=*/24);
  CHECK(!last.training);
  CHECK(last.first_row == 24);
  CHECK(last.microbatch_rows == Rows{{1}, {}});
  CHECK(first.evaluation_step(0, 6).microbatches == 2);
}

TEST_CASE("Rates count tokens, and of one label a row samples") {
  const Batches tokens = two_replicas(0);
  CHECK(tokens.targets_per_row() == 5);
  CHECK(!tokens.classifies());
  CHECK(std::string(tokens.rate_unit()) == "tokens");
  const Batches labels({10, 6, 4}, kSeed, 1, 0, 2, Shape{});
  CHECK(labels.targets_per_row() == 1);
  CHECK(labels.classifies());
  CHECK(std::string(labels.rate_unit()) == "samples");
}

TEST_CASE("Microbatches together have the batch's rows") {
  for (const std::int64_t rows : {1, 4, 5, 6}) {
    std::int64_t sum = 0;
    const Batches batches = two_replicas(0);
    for (const auto& of_replica :
         batches.batch_rows(batches.evaluation_step(0, rows)).microbatch_rows) {
      sum = std::accumulate(of_replica.begin(), of_replica.end(), sum);
    }
    CHECK(sum == rows);
  }
}

}  // namespace batches_test
