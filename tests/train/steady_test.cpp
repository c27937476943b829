// Law 5: once every kind of work has run twice, no tensor memory is newly taken and no primitive is
// built.
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace steady_test {

namespace {

constexpr std::int64_t kSteps = 14, kEvaluateEvery = 2;

struct Counts {
  std::size_t allocations, primitives;
};

}  // namespace

TEST_CASE("Steps and evaluations allocate nothing and build nothing once they have run twice") {
  // Rows that neither the microbatches nor the batches of evaluation divide.
  FixedSource source = FixedSource::counting(19, 16, 65);
  const std::tuple<const char*, const char*, Recompute> cases[] = {
      {"gpt", "gpipe", Recompute::kNone},      {"gpt", "1f1b", Recompute::kNone},
      {"gpt", "gpipe", Recompute::kFull},      {"gpt", "1f1b", Recompute::kFull},
      {"gpt", "zb-h1", Recompute::kAttention}, {"gpt", "zbv", Recompute::kFull},
      {"llama", "1f1b", Recompute::kNone}};
  for (const auto& [preset, schedule, recompute] : cases) {
    for (const int ranks : {1, 2, 3}) {
      Config config;
      config.model = {.preset = preset, .depth = 2, .heads = 4, .width = 32, .context = 16};
      config.pipeline.schedule = schedule;
      config.pipeline.microbatches = 3;
      config.pipeline.partition = PartitionRule::kUniform;
      config.pipeline.recompute = recompute;
      config.train.batch_size = 8;
      // Every third step is a short one, or all take the same rows.
      source.pass_over_rows(std::string(schedule) == "1f1b");
      std::vector<std::vector<Counts>> counts(static_cast<std::size_t>(ranks));
      run_ranks(config, source, ranks, [&](RankThread& rank) {
        rank.train(0, kSteps, [&](std::int64_t step, const StepResult&) {
          if ((step + 1) % kEvaluateEvery == 0) rank.evaluate();
          counts[static_cast<std::size_t>(rank.rank())].push_back(
              {rank.pool().system_allocations(), rank.pipeline().state.ops().primitives()});
        });
      });
      for (int r = 0; r < ranks; ++r) {
        INFO(preset << ", " << schedule << ", recompute " << name_of(kRecomputes, recompute) << ", "
                    << ranks << " ranks, rank " << r);
        const std::vector<Counts>& mine = counts[static_cast<std::size_t>(r)];
        CHECK(mine[0].allocations > 0);
        CHECK(mine[0].primitives > 0);
        // By then each kind of work has run twice.
        const Counts settled = mine[2 * kEvaluateEvery - 1];
        for (std::size_t step = 2 * kEvaluateEvery; step < mine.size(); ++step) {
          INFO("step " << step);
          CHECK(mine[step].allocations == settled.allocations);
          CHECK(mine[step].primitives == settled.primitives);
        }
      }
    }
  }
}

TEST_CASE("Images take no more memory after two epochs, though each ends with a short batch") {
  FixedSource source = FixedSource::images(19, {8, 8, 3}, 5);
  source.pass_over_rows();
  for (const int ranks : {1, 2, 3}) {
    Config config;
    config.model = {.preset = "resnet", .depth = 18, .width = 8};
    config.pipeline.schedule = "1f1b";
    config.pipeline.microbatches = 3;
    config.pipeline.partition = PartitionRule::kUniform;
    config.train.batch_size = 8;
    constexpr std::int64_t kEpoch = 3;  // steps, of 8, 8 and 3 rows
    std::vector<std::vector<Counts>> counts(static_cast<std::size_t>(ranks));
    run_ranks(config, source, ranks, [&](RankThread& rank) {
      rank.train(0, 5 * kEpoch, [&](std::int64_t step, const StepResult&) {
        if ((step + 1) % kEpoch != 0) return;
        rank.evaluate();
        counts[static_cast<std::size_t>(rank.rank())].push_back(
            {rank.pool().system_allocations(), rank.pipeline().state.ops().primitives()});
      });
    });
    for (const std::vector<Counts>& mine : counts) {
      INFO(ranks << " ranks, rank " << &mine - counts.data());
      CHECK(mine[1].primitives > 0);
      for (std::size_t epoch = 2; epoch < mine.size(); ++epoch) {
        INFO("epoch " << epoch);
        CHECK(mine[epoch].allocations == mine[1].allocations);
        CHECK(mine[epoch].primitives == mine[1].primitives);
      }
    }
  }
}

}  // namespace steady_test
