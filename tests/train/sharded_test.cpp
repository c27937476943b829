// Sharded parameters: replicas that keep a share of weights, gradients and moments each train as
// those that keep all, to the same bits where there is one microbatch.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace sharded_test {

namespace {

// 24 rows a step, of which evaluation's last batch has one: then a replica has none.
constexpr int kRows = 24;

const FixedSource kTokens = FixedSource::counting(kRows + 1, 8, 65);

struct Case {
  int replicas = 2, ranks = 2;  // of a pipeline
  const char* schedule = "1f1b";
  int virtual_stages = 1, microbatches = 1;
  Recompute recompute = Recompute::kNone;
};

Config gpt(const Case& c, Shard shard) {
  Config config;
  config.model = {.preset = "gpt", .depth = 4, .heads = 2, .width = 40, .context = 8};
  config.model.tie_embeddings = true;
  config.pipeline.schedule = c.schedule;
  config.pipeline.microbatches = c.microbatches;
  config.pipeline.virtual_stages = c.virtual_stages;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.recompute = c.recompute;
  config.parallel.data = c.replicas;
  config.parallel.shard = shard;
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  return config;
}

Trained run(const Config& config, const Source& source, int pipeline_ranks, int steps = 4) {
  return train_ranks(config, source, config.parallel.data * pipeline_ranks, steps);
}

void check_same_bits(const Trained& found, const Trained& expected) {
  CHECK(found.losses == expected.losses);
  CHECK(found.norms == expected.norms);
  CHECK(found.validation == expected.validation);
  CHECK(found.weights == expected.weights);
}

void check_near(const Trained& found, const Trained& expected) {
  CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
  CHECK(relative_difference(found.norms, expected.norms) < 1e-5);
  CHECK(found.validation == Approx(expected.validation).epsilon(1e-6));
}

std::string text_of(const Case& c) {
  return std::string(c.schedule) + ", " + std::to_string(c.replicas) + " replicas of " +
         std::to_string(c.ranks) + " ranks, v=" + std::to_string(c.virtual_stages) +
         ", M=" + std::to_string(c.microbatches) + ", recompute " +
         name_of(kRecomputes, c.recompute);
}

}  // namespace

TEST_CASE("With one microbatch sharded parameters give the bits of whole ones") {
  for (const Case& c :
       {Case{.ranks = 1}, Case{.schedule = "gpipe"}, Case{.replicas = 3},
        Case{.ranks = 3, .recompute = Recompute::kFull}, Case{.replicas = 4, .ranks = 1},
        Case{.ranks = 1, .schedule = "interleaved", .virtual_stages = 4}}) {
    INFO(text_of(c));
    check_same_bits(run(gpt(c, Shard::kParameters), kTokens, c.ranks),
                    run(gpt(c, Shard::kNone), kTokens, c.ranks));
  }
}

TEST_CASE("With more they agree to rounding, the same bits under every schedule and cut") {
  const Case alone{.ranks = 1, .microbatches = 4};
  const Trained whole = run(gpt(alone, Shard::kNone), kTokens, 1);
  const Trained expected = run(gpt(alone, Shard::kParameters), kTokens, 1);
  check_near(expected, whole);
  for (Case c :
       {Case{.schedule = "1f1b"}, Case{.schedule = "interleaved", .virtual_stages = 2},
        Case{.schedule = "interleaved", .virtual_stages = 4},
        Case{.schedule = "interleaved", .virtual_stages = 3, .recompute = Recompute::kFull},
        Case{.schedule = "zb-h1"}, Case{.schedule = "zbv", .virtual_stages = 2},
        Case{.schedule = "interleaved-zb", .virtual_stages = 2, .recompute = Recompute::kAttention},
        Case{.ranks = 3, .schedule = "1f1b", .recompute = Recompute::kFull}}) {
    c.microbatches = 4;
    INFO(text_of(c));
    check_same_bits(run(gpt(c, Shard::kParameters), kTokens, c.ranks), expected);
  }
}

TEST_CASE("Sharded parameters go with SGD, short batches, and a head of its own") {
  FixedSource source = FixedSource::counting(31, 8, 65);  // steps of 24 rows and of 7
  source.pass_over_rows();
  const auto config = [](Shard shard) {
    Config made = gpt({.replicas = 3, .microbatches = 2}, shard);
    made.model.tie_embeddings = false;
    made.optimizer.type = "sgd";
    made.optimizer.learning_rate = 0.1;
    return made;
  };
  check_near(run(config(Shard::kParameters), source, 2), run(config(Shard::kNone), source, 2));
}

TEST_CASE("Convolutions and batch norm's statistics go with sharded parameters") {
  const FixedSource images = FixedSource::images(kRows, {8, 8, 3}, 5);
  for (const int virtual_stages : {1, 3}) {
    for (const int microbatches : {1, 3}) {
      const auto config = [&](Shard shard) {
        Config made = gpt({.schedule = virtual_stages > 1 ? "interleaved" : "1f1b",
                           .virtual_stages = virtual_stages,
                           .microbatches = microbatches},
                          shard);
        made.model = {.preset = "resnet", .depth = 18, .width = 8};
        return made;
      };
      const int ranks = virtual_stages > 1 ? 1 : 2;
      INFO(virtual_stages << " stages per rank, " << microbatches << " microbatches");
      const Trained found = run(config(Shard::kParameters), images, ranks, 2),
                    expected = run(config(Shard::kNone), images, ranks, 2);
      if (microbatches == 1) check_same_bits(found, expected);
      CHECK(relative_difference(found.losses, expected.losses) < 1e-4);
    }
  }
}

TEST_CASE("A stage or a rank without parameters has nothing to share out") {
  const FixedSource images = FixedSource::images(kRows, {6, 6, 3}, 5);
  const auto config = [&](Shard shard) {
    Config made = gpt({.microbatches = 2}, shard);
    made.model = {};
    made.model.layers = {{"flatten", "", {}, {}},
                         {"linear", "", {{"features", "32"}}, {}},
                         {"relu", "", {}, {}},
                         {"gelu", "", {}, {}},
                         {"linear", "", {{"features", "classes"}}, {}}};
    made.pipeline.partition = PartitionRule::kList;
    made.pipeline.first_layers = {0, 2, 4};
    return made;
  };
  const Trained found = run(config(Shard::kParameters), images, 3, 2),
                expected = run(config(Shard::kNone), images, 3, 2);
  CHECK(relative_difference(found.losses, expected.losses) < 1e-6);
  CHECK(found.validation == Approx(expected.validation).epsilon(1e-6));
}

TEST_CASE("Tensor parallelism goes with sharded parameters") {
  const auto config = [](Shard shard) {
    Config made = gpt({.microbatches = 1}, shard);
    made.parallel.tensor = 2;
    return made;
  };
  const Trained found = run(config(Shard::kParameters), kTokens, 4),
                expected = run(config(Shard::kNone), kTokens, 4);
  CHECK(found.losses == expected.losses);
  CHECK(found.norms == expected.norms);
  CHECK(found.validation == expected.validation);
}

TEST_CASE("Where nothing was updated, the same batch shows where a number is not finite") {
  std::vector<std::string> found(4);
  run_ranks(gpt({.microbatches = 2}, Shard::kParameters), kTokens, 4, [&](RankThread& rank) {
    for (StageParameters& stage : rank.pipeline().state.parameters().stages()) {
      for (const Piece& piece : stage.kept) {
        if (piece.slot->parameter->name != "layers.2.mlp.up.weight") continue;
        stage.values.f32()[piece.at] = std::nanf("");
      }
    }
    bool finite = true;
    rank.train(0, 1, [&](std::int64_t, const StepResult& result) { finite = result.finite; });
    if (finite) throw std::runtime_error("a loss of NaN is finite");
    rank.again(0);
    found[static_cast<std::size_t>(rank.rank())] =
        rank.pipeline().runner.find_not_finite(rank.pipeline().batches.training_step(0));
  });
  CHECK(found[0].find("layers.2.mlp, forward of microbatch 0") != std::string::npos);
}

TEST_CASE("With sharded parameters a step takes no more memory once each work has run twice") {
  for (const Case& c : {Case{.microbatches = 6},
                        Case{.schedule = "interleaved", .virtual_stages = 4, .microbatches = 4},
                        Case{.schedule = "zbv",
                             .virtual_stages = 2,
                             .microbatches = 6,
                             .recompute = Recompute::kFull}}) {
    std::vector<std::vector<std::size_t>> allocations(4);
    run_ranks(gpt(c, Shard::kParameters), kTokens, 4, [&](RankThread& rank) {
      rank.train(0, 8, [&](std::int64_t step, const StepResult&) {
        if (step % 2 == 1) rank.evaluate();
        allocations[static_cast<std::size_t>(rank.rank())].push_back(
            rank.pool().system_allocations());
      });
    });
    for (const auto& of_rank : allocations) {
      INFO(text_of(c));
      CHECK(of_rank[3] == of_rank.back());
    }
  }
}

TEST_CASE("The memory that sharded parameters take is foreseen, and falls with the replicas") {
  for (const auto& [ranks, schedule, virtual_stages] :
       {std::tuple(1, "1f1b", 1), std::tuple(2, "1f1b", 1), std::tuple(2, "interleaved", 2),
        std::tuple(2, "zbv", 2), std::tuple(1, "interleaved", 4)}) {
    double before = 0;
    for (const int replicas : {2, 4}) {
      Config config = gpt({replicas, ranks, schedule, virtual_stages, 4}, Shard::kParameters);
      config.model.width = 128;
      std::vector<double> taken(static_cast<std::size_t>(replicas * ranks)), foreseen(taken);
      run_ranks(config, kTokens, replicas * ranks, [&](RankThread& rank) {
        const auto r = static_cast<std::size_t>(rank.rank());
        const auto place = static_cast<std::size_t>(rank.pipeline().map.position().pipeline);
        foreseen[r] = static_cast<double>(rank.pipeline().layout.memory[place].steps());
        rank.train(0, 4);
        taken[r] = static_cast<double>(rank.pool().reserved_bytes());
      });
      for (std::size_t r = 0; r < taken.size(); ++r) {
        INFO(schedule << ", v=" << virtual_stages << ", " << replicas << " replicas, rank " << r);
        CHECK(foreseen[r] == Approx(taken[r]).epsilon(0.05));
      }
      INFO(schedule << ", v=" << virtual_stages);
      if (before > 0) CHECK(taken[0] < 0.95 * before);
      before = taken[0];
    }
  }
}

}  // namespace sharded_test
