// Data parallelism: replicas of the pipeline train as one (law 2), give the same bits each time,
// and sharding the optimizer changes nothing but the memory.
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace replicas_test {

namespace {

struct Run : Trained {
  std::vector<Weights> replicas;
  std::vector<std::size_t> moment_bytes;  // per rank
  friend bool operator==(const Run& a, const Run& b) {
    return static_cast<const Trained&>(a) == b && a.replicas == b.replicas;
  }
};

// 24 rows a step, of which evaluation's last batch has one.
constexpr int kRows = 24;

Config gpt(int replicas, const std::string& schedule, Shard shard) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 40, .context = 8};
  config.model.tie_embeddings = true;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 6;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel.data = replicas;
  config.parallel.shard = shard;
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  return config;
}

Run run(const Config& config, const Source& source, int pipeline_ranks, int steps = 4) {
  const int replicas = config.parallel.data, ranks = replicas * pipeline_ranks;
  Run made;
  made.replicas.resize(static_cast<std::size_t>(replicas));
  made.moment_bytes.resize(static_cast<std::size_t>(ranks));
  std::mutex mutex;
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    made.train(rank, 0, steps);
    made.evaluate(rank);
    made.take_weights(rank);
    const std::lock_guard lock(mutex);
    const auto replica = static_cast<std::size_t>(rank.pipeline().map.position().data);
    made.replicas[replica].merge(rank.owned_values());
    for (std::size_t s = 0; s < rank.pipeline().map.local_stages().size(); ++s) {
      for (const auto& moment : rank.pipeline().state.optimizer().moments(s)) {
        made.moment_bytes[static_cast<std::size_t>(rank.rank())] += moment.values->bytes();
      }
    }
  });
  return made;
}

const FixedSource kTokens = FixedSource::counting(kRows + 1, 8, 65);

}  // namespace

TEST_CASE("Two, three and four replicas give the losses of one, to rounding") {
  const Run one = run(gpt(1, "1f1b", Shard::kNone), kTokens, 1);
  REQUIRE(one.losses.back() < one.losses.front());
  for (const int replicas : {2, 3, 4}) {
    for (const char* schedule : {"1f1b", "zb-h1"}) {
      INFO(replicas << " replicas, " << schedule);
      const Run several = run(gpt(replicas, schedule, Shard::kNone), kTokens, 2);
      CHECK(relative_difference(several.losses, one.losses) < 1e-6);
      CHECK(relative_difference(several.norms, one.norms) < 1e-5);
      CHECK(several.validation == Approx(one.validation).epsilon(1e-6));
      for (const Weights& weights : several.replicas) CHECK(weights == several.weights);
    }
  }
}

TEST_CASE("With replicas, sharded or not, every schedule and number of stages has the same bits") {
  for (const int replicas : {2, 4}) {
    const Run expected = run(gpt(replicas, "gpipe", Shard::kNone), kTokens, 1);
    for (const auto& [schedule, ranks] :
         {std::pair("1f1b", 1), std::pair("1f1b", 2), std::pair("interleaved", 2),
          std::pair("zb-h1", 2), std::pair("zbv", 2), std::pair("1f1b", 4)}) {
      for (const Shard shard : {Shard::kNone, Shard::kOptimizer}) {
        INFO(replicas << " replicas, " << schedule << ", " << ranks << " ranks, shard "
                      << name_of(kShards, shard));
        CHECK(run(gpt(replicas, schedule, shard), kTokens, ranks) == expected);
      }
    }
  }
}

TEST_CASE("A replica keeps its share of the moments if the optimizer is sharded") {
  const auto moments = [](int replicas, Shard shard) {
    Config config = gpt(replicas, "1f1b", shard);
    config.model.width = 128;  // most parameters are of many chunks
    return run(config, kTokens, 2).moment_bytes;
  };
  const std::vector<std::size_t> whole = moments(1, Shard::kOptimizer);
  for (const int replicas : {2, 4}) {
    for (const auto& [shard, share] :
         {std::pair(Shard::kNone, 1), std::pair(Shard::kOptimizer, replicas)}) {
      const std::vector<std::size_t> found = moments(replicas, shard);
      for (std::size_t place = 0; place < 2; ++place) {
        std::size_t sum = 0;
        for (std::size_t rank = place; rank < found.size(); rank += 2) {
          INFO(replicas << " replicas, shard " << name_of(kShards, shard) << ", rank " << rank);
          CHECK(static_cast<double>(found[rank]) ==
                Approx(static_cast<double>(whole[place]) / share).epsilon(0.1));
          sum += found[rank];
        }
        CHECK(sum * static_cast<std::size_t>(share) ==
              whole[place] * static_cast<std::size_t>(replicas));
      }
    }
  }
}

TEST_CASE("Replicas that see other tokens in every step train a large vocabulary as one") {
  FixedSource source = FixedSource::counting(5 * kRows, 8, 4000);
  source.pass_over_rows();
  const auto config = [](int replicas, Shard shard) {
    Config made = gpt(replicas, "1f1b", shard);
    made.model.tie_embeddings = false;
    return made;
  };
  const Run one = run(config(1, Shard::kNone), source, 1),
            two = run(config(2, Shard::kNone), source, 2);
  CHECK(relative_difference(two.losses, one.losses) < 1e-6);
  CHECK(relative_difference(two.norms, one.norms) < 1e-5);
  CHECK(run(config(2, Shard::kOptimizer), source, 2) == two);
}

TEST_CASE("SGD, epochs with a short last batch, and recompute go with replicas") {
  FixedSource source = FixedSource::counting(31, 8, 65);  // steps of 24 rows and of 7
  source.pass_over_rows();
  const auto config = [](int replicas, Shard shard) {
    Config made = gpt(replicas, "1f1b", shard);
    made.optimizer.type = "sgd";
    made.optimizer.learning_rate = 0.1;
    made.pipeline.microbatches = 2;
    made.pipeline.recompute = Recompute::kFull;
    return made;
  };
  const Run one = run(config(1, Shard::kNone), source, 1),
            three = run(config(3, Shard::kNone), source, 2);
  CHECK(relative_difference(three.losses, one.losses) < 1e-6);
  CHECK(three.validation == Approx(one.validation).epsilon(1e-6));
  CHECK(run(config(3, Shard::kOptimizer), source, 2) == three);
}

TEST_CASE("Replicas share dropout's rows and average batch norm's running statistics") {
  const FixedSource images = FixedSource::images(kRows, {6, 6, 3}, 5);
  const auto config = [](int replicas, int microbatches) {
    Config made;
    const auto layer = [](const char* kind,
                          std::vector<std::pair<std::string, std::string>> options) {
      return LayerEntry{kind, "test", std::move(options), {}};
    };
    made.model.layers = {layer("conv2d", {{"channels", "8"}, {"kernel", "3"}}),
                         layer("batch_norm", {{"relu", "true"}}),
                         layer("dropout", {{"rate", "0.2"}}), layer("global_mean_pool", {}),
                         layer("linear", {{"features", "classes"}})};
    made.pipeline.microbatches = microbatches;
    made.pipeline.partition = PartitionRule::kUniform;
    made.parallel.data = replicas;
    made.train.batch_size = kRows;
    return made;
  };
  // The same microbatches, so the same statistics: of 2 replicas' one each, against one's two.
  const Run one = run(config(1, 2), images, 1), two = run(config(2, 1), images, 2);
  CHECK(relative_difference(two.losses, one.losses) < 1e-6);
  CHECK(two.replicas[0] == two.replicas[1]);
  // After one step each replica's statistics are of its half of the rows, their mean that of all.
  const std::string mean = "layers.1.batch_norm.running_mean";
  const auto after_one_step = [&](int replicas) {
    return run(config(replicas, 1), images, replicas, 1).weights.at(mean);
  };
  const std::vector<float> whole = after_one_step(1), halves = after_one_step(2);
  for (std::size_t c = 0; c < whole.size(); ++c) CHECK(halves[c] == Approx(whole[c]).epsilon(1e-4));
}

TEST_CASE("With replicas a step allocates nothing once each kind of work has run twice") {
  for (const Shard shard : {Shard::kNone, Shard::kOptimizer}) {
    std::vector<std::vector<std::size_t>> allocations(4);
    run_ranks(gpt(2, "1f1b", shard), kTokens, 4, [&](RankThread& rank) {
      rank.train(0, 8, [&](std::int64_t step, const StepResult&) {
        if (step % 2 == 1) rank.evaluate();
        allocations[static_cast<std::size_t>(rank.rank())].push_back(
            rank.pool().system_allocations());
      });
    });
    for (const auto& of_rank : allocations) {
      INFO("shard " << name_of(kShards, shard));
      CHECK(of_rank[3] == of_rank.back());
    }
  }
}

}  // namespace replicas_test
