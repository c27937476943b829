#include "pipeline/engine.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "pipeline/one_replica.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "small_model.h"

using namespace pipetrain;

namespace engine_test {

namespace {

constexpr int kMicrobatches = 4;

StepContext step_of(std::int64_t number) {
  return {.step = number,
          .rows = 2 * kMicrobatches,
          .microbatches = kMicrobatches,
          .gradient_scale = 1.0 / (2 * kMicrobatches * kTokens)};
}

// Rank 0 sends every microbatch's tokens to the first stage's rank or the last one's.
void send_batch(Mailbox& mailbox, MemoryPool& pool, Channel channel, int stage,
                const StepContext& step) {
  for (int m = 0; m < step.microbatches; ++m) {
    Tensor made(pool, Shape{kTokens}.batched(step.rows_of(m)), DType::kInt32);
    for (std::int64_t i = 0; i < made.elements(); ++i) {
      made.i32()[i] = static_cast<std::int32_t>((7 * m + 3 * i) % kVocabulary);
    }
    mailbox.send({channel, stage, stage, m, step.parity()}, std::move(made));
  }
}

struct Ran {
  double loss = 0;
  std::vector<double> peaks;  // live microbatches, by rank
  std::map<std::string, std::vector<float>> gradients;
};

// One stage a rank; the batch of step 0 is thrown away, that of step 1 trained on.
Ran run(const std::string& schedule, const Partition& partition) {
  const int ranks = static_cast<int>(partition.size());
  const Schedule lowered = lower(generate(schedule, ranks, 1, kMicrobatches));
  Ran ran{.peaks = std::vector<double>(partition.size())};
  std::mutex mutex;
  InProcess group(ranks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    Ops ops(pool);
    const SmallModel model;
    const auto mailbox = group.mailbox(rank, pool);
    const auto store = model.store(pool, partition, {rank});
    Stage stage(rank, model.of_stage(partition, rank), rank + 1 == ranks, ops);
    OneReplica reducer({*store, *mailbox, ops, [](int of, int) { return of; }});
    WholeWeights weights;
    Engine engine({&stage}, routes_on(lowered.placement, rank), *mailbox, reducer, weights);
    for (const std::int64_t number : {0, 1}) {
      engine.expect_batch(step_of(number), Shape{kTokens});
      if (rank != 0) continue;
      send_batch(*mailbox, pool, Channel::kInput, 0, step_of(number));
      send_batch(*mailbox, pool, Channel::kTarget, ranks - 1, step_of(number));
    }
    engine.discard_batch(step_of(0));
    Recorder recorder(pool);
    engine.run(lowered.ranks[static_cast<std::size_t>(rank)], step_of(1), recorder);
    const std::lock_guard lock(mutex);
    if (stage.last()) ran.loss = stage.loss_sum();
    ran.peaks[static_cast<std::size_t>(rank)] = engine.take_peak_live_microbatches();
    for (Layer* layer : model.of_stage(partition, rank)) {
      for (const Parameter& p : layer->parameters()) {
        if (p.name == "layers.0.embedding.token.weight") continue;  // summed over its two uses
        ran.gradients[p.name].assign(p.gradient, p.gradient + p.elements());
      }
    }
  });
  return ran;
}

}  // namespace

TEST_CASE("A step has the same loss and gradients under every schedule, on any number of ranks") {
  const Ran alone = run("gpipe", {0});
  CHECK(alone.loss > 0);
  for (const char* schedule : {"gpipe", "1f1b", "zb-h1"}) {
    for (const Partition& partition : {Partition{0, 3}, Partition{0, 2, 5}}) {
      INFO(schedule << " on " << partition.size() << " ranks");
      const Ran ran = run(schedule, partition);
      CHECK(ran.loss == alone.loss);
      CHECK(ran.gradients == alone.gradients);
    }
  }
}

TEST_CASE("Under 1F1B a rank holds fewer microbatches at once than under GPipe") {
  CHECK(run("gpipe", {0, 3}).peaks == std::vector<double>{kMicrobatches, kMicrobatches});
  CHECK(run("1f1b", {0, 3}).peaks == std::vector<double>{2, 1});
}

}  // namespace engine_test
