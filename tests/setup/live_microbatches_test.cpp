// How many microbatches a rank holds at once: what bounds a pipeline's memory.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace live_microbatches_test {

namespace {

// Of each rank, over two steps.
std::vector<double> peaks(const std::string& schedule, int ranks, int microbatches) {
  const FixedSource source = FixedSource::counting(11, 4, 13);
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 11;
  std::vector<double> found(static_cast<std::size_t>(ranks));
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    rank.train(0, 2);
    rank.evaluate();  // holds none
    found[static_cast<std::size_t>(rank.rank())] =
        rank.pipeline().runner.take_peak_live_microbatches();
  });
  return found;
}

}  // namespace

TEST_CASE("Under 1F1B rank r holds at most min(M, S - r) microbatches, under GPipe M") {
  for (const int ranks : {1, 2, 4, 7}) {
    for (const int microbatches : {1, 2, 3, 8, 11}) {
      INFO(ranks << " ranks, " << microbatches << " microbatches");
      std::vector<double> most;
      for (int r = 0; r < ranks; ++r) most.push_back(std::min(microbatches, ranks - r));
      CHECK(peaks("1f1b", ranks, microbatches) == most);
      CHECK(peaks("gpipe", ranks, microbatches) ==
            std::vector<double>(static_cast<std::size_t>(ranks), microbatches));
    }
  }
}

}  // namespace live_microbatches_test
