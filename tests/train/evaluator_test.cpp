#include "train/evaluator.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace evaluator_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  return config;
}

// One whose rows from this one on cannot be read.
struct Lossy : FixedSource {
  Lossy(std::int64_t rows, std::int64_t first_lost)
      : FixedSource(FixedSource::counting(rows, 4, 13)), lost(first_lost) {}
  void read_validation(std::int64_t first_row, Tensor& inputs, Tensor& targets) const override {
    if (first_row >= lost) throw Error(ExitCode::kData, "data: x: is gone");
    FixedSource::read_validation(first_row, inputs, targets);
  }
  std::int64_t lost;
};

struct Found {
  Evaluation evaluation;
  std::int64_t rows = 0, batches = 0;
};

// Of each rank, from the starting weights.
std::vector<Found> evaluated(const Config& config, const Source& source, int ranks) {
  std::vector<Found> found(static_cast<std::size_t>(ranks));
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    const bool first = rank.rank() == 0;
    Evaluator evaluator(config.train, rank.pipeline(), rank.collective(), first ? &source : nullptr,
                        first ? &rank.coordinator() : nullptr);
    found[static_cast<std::size_t>(rank.rank())] = {evaluator.run(), evaluator.rows(),
                                                    evaluator.batches()};
  });
  return found;
}

}  // namespace

TEST_CASE("Every rank has the mean over all rows, in batches of which the last may be smaller") {
  const FixedSource source = FixedSource::counting(19, 4, 13);
  const Found alone = evaluated(gpt(), source, 1).front();
  CHECK(alone.rows == 19);
  CHECK(alone.batches == 3);
  CHECK(alone.evaluation.targets == 76);
  CHECK(std::abs(alone.evaluation.loss - std::log(13)) < 0.1);  // nothing is learnt yet
  for (const Found& found : evaluated(gpt(), source, 3)) {
    CHECK(found.evaluation.loss == alone.evaluation.loss);
    CHECK(found.evaluation.accuracy == alone.evaluation.accuracy);
    CHECK(found.rows == 19);
  }
}

TEST_CASE("A limit of batches is one of rows") {
  Config config = gpt();
  config.train.eval_batches = 2;
  const Found found = evaluated(config, FixedSource::counting(19, 4, 13), 1).front();
  CHECK(found.rows == 16);
  CHECK(found.batches == 2);
}

TEST_CASE("Rows that cannot be read end the evaluation with the reason, the same on every rank") {
  for (const Found& found : evaluated(gpt(), Lossy(19, 8), 2)) {
    CHECK(found.evaluation.lost == "data: x: is gone");
  }
}

}  // namespace evaluator_test
