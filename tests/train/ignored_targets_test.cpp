// Targets that do not count: the loss is the mean over those that do, over all microbatches and
// replicas (law 2), with the same bits on any number of ranks (law 1).
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace ignored_targets_test {

namespace {

constexpr int kRows = 12;
constexpr std::int64_t kTokens = 8;

// Of which some targets do not count: in one row none, in another all, and more in the first rows
// than in the last.
class SparseTargets : public FixedSource {
 public:
  SparseTargets() : FixedSource(FixedSource::counting(kRows, kTokens, 65)) {}

  static bool counts(std::int64_t row, std::int64_t token) {
    return row != 3 && (row == 5 || (row * 5 + token * 3) % 11 < row);
  }
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    FixedSource::read_training(pass, first_row, inputs, targets);
    for (std::int64_t i = 0; i < targets.elements(); ++i) {
      if (!counts(first_row + i / kTokens, i % kTokens)) targets.i32()[i] = -1;
    }
  }
};

// The first rows count, the others do not.
class HalfTargets : public FixedSource {
 public:
  HalfTargets() : FixedSource(FixedSource::counting(kRows, kTokens, 65)) {}
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    FixedSource::read_training(pass, first_row, inputs, targets);
    for (std::int64_t i = 0; i < targets.elements(); ++i) {
      if (first_row + i / kTokens >= kRows / 2) targets.i32()[i] = -1;
    }
  }
};

Config gpt(int microbatches, int replicas = 1, int tensor = 1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 16, .context = 8};
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel.data = replicas;
  config.parallel.tensor = tensor;
  config.optimizer.clip_norm = 0.5;  // it is the norm of the right gradient that is clipped
  config.train.batch_size = kRows;
  return config;
}

void check_near(const Trained& found, const Trained& expected) {
  CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
  CHECK(relative_difference(found.norms, expected.norms) < 1e-5);
  CHECK(found.validation == Approx(expected.validation).epsilon(1e-6));
}

}  // namespace

TEST_CASE("Microbatches, replicas and tensor groups change the loss by rounding only") {
  const SparseTargets source;
  const Trained one = train_ranks(gpt(1), source, 1, 4);
  REQUIRE(one.losses.back() < one.losses.front());
  for (const int microbatches : {2, 5, 12}) {
    CAPTURE(microbatches);
    check_near(train_ranks(gpt(microbatches), source, 1, 4), one);
  }
  for (const int replicas : {2, 3}) {
    CAPTURE(replicas);
    check_near(train_ranks(gpt(2, replicas), source, replicas, 4), one);
  }
  check_near(train_ranks(gpt(2, 1, 2), source, 2, 4), one);
}

TEST_CASE("The number of stages changes no bit") {
  const SparseTargets source;
  const Trained one = train_ranks(gpt(4), source, 1, 4);
  for (const int ranks : {2, 3}) CHECK(train_ranks(gpt(4), source, ranks, 4) == one);
}

TEST_CASE("Rows that do not count change nothing: loss, norm and weights are those of the others") {
  Config half = gpt(2);
  half.train.batch_size = kRows / 2;
  const Trained expected = train_ranks(half, FixedSource::counting(kRows / 2, kTokens, 65), 1, 4);
  check_near(train_ranks(gpt(4), HalfTargets(), 2, 4), expected);
}

TEST_CASE("All ranks know how many targets counted, and evaluation has the mean over them") {
  const SparseTargets source;
  std::int64_t counted = 0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t t = 0; t < kTokens; ++t) counted += SparseTargets::counts(row, t) ? 1 : 0;
  }
  run_ranks(gpt(3, 2), source, 4, [&](RankThread& rank) {
    const double before = rank.evaluate() / static_cast<double>(counted);  // it is a sum
    Trained trained;
    trained.train(rank, 0, 1, [&](std::int64_t, const StepResult& result) {
      if (result.targets != counted) FAIL("counted " << result.targets << " of " << counted);
      if (result.loss != Approx(before).epsilon(1e-6)) FAIL(result.loss << " for " << before);
    });
  });
}

}  // namespace ignored_targets_test
