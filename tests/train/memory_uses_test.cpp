#include "train/memory_uses.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/memory_table.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace memory_uses_test {

namespace {

using Kinds = std::map<std::string, std::int64_t>;

struct Taken {
  Kinds foreseen, taken;
  std::int64_t reserved = 0;  // by the pool
};

Config gpt(int replicas, Shard shard) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 32, .context = 16};
  config.model.tie_embeddings = false;
  config.pipeline.microbatches = 4;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel.data = replicas;
  config.parallel.shard = shard;
  config.train.batch_size = 8 * replicas;
  config.train.checkpoint_every = 0;
  return config;
}

std::vector<Taken> train(const Config& config, std::size_t checkpoint_bytes = 0) {
  const int ranks = 2 * config.parallel.data;
  const FixedSource source = FixedSource::counting(config.train.batch_size, 16, 65);
  std::vector<Taken> found(static_cast<std::size_t>(ranks));
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    PipelineRank& pipeline = rank.pipeline();
    MemoryUses uses;
    rank.train(0, 3, [&](std::int64_t, const StepResult&) {
      uses.add(pipeline.runner.recorder(), rank.pool());
    });
    Taken& mine = found[static_cast<std::size_t>(rank.rank())];
    const auto place = static_cast<std::size_t>(pipeline.map.position().pipeline);
    for (const auto& [name, bytes] : memory_kinds(pipeline.layout.memory[place])) {
      mine.foreseen[name] = bytes;
    }
    mine.reserved = static_cast<std::int64_t>(rank.pool().reserved_bytes());
    for (const auto& [name, bytes] : uses.taken(pipeline, rank.pool(), checkpoint_bytes)) {
      mine.taken[name] = bytes;
    }
  });
  return found;
}

std::int64_t sum_of(const Kinds& kinds) {
  std::int64_t sum = 0;
  for (const auto& [name, bytes] : kinds) sum += bytes;
  return sum;
}

void check_as_foreseen(const std::vector<Taken>& ranks) {
  for (const Taken& rank : ranks) {
    CHECK(sum_of(rank.taken) == rank.reserved);
    for (const char* kind : {"weights", "gradients", "moments", "gathered"}) {
      INFO(kind);
      CHECK(rank.taken.at(kind) == rank.foreseen.at(kind));
    }
    for (const auto& [name, bytes] : rank.taken) {
      INFO(name);
      CHECK(bytes >= 0);
    }
    INFO(rank.taken.at("activations") << " of " << rank.foreseen.at("activations"));
    const auto taken = static_cast<double>(rank.taken.at("activations")),
               foreseen = static_cast<double>(rank.foreseen.at("activations"));
    CHECK(taken > 0.8 * foreseen);
    CHECK(taken < 1.2 * foreseen);
    CHECK(rank.taken.at("messages") > 0);
    CHECK(rank.taken.at("work") > 0);
  }
}

}  // namespace

TEST_CASE(
    "What a rank's memory was for adds up to all of it, and to what was foreseen of each kind") {
  const std::vector<Taken> ranks = train(gpt(1, Shard::kNone));
  check_as_foreseen(ranks);
  CHECK(2 * ranks[0].taken.at("activations") > 3 * ranks[1].taken.at("activations"));  // 1f1b
  // Shares of so small tensors are uneven, as chunks are not cut.
  for (const Taken& rank : train(gpt(2, Shard::kParameters))) {
    CHECK(sum_of(rank.taken) == rank.reserved);
    CHECK(rank.taken.at("gathered") == rank.foreseen.at("gathered"));
    // Beside a share for each of the weights, what a layer's gradients are made in.
    CHECK(rank.taken.at("gradients") - rank.taken.at("weights") ==
          rank.foreseen.at("gradients") - rank.foreseen.at("weights"));
  }
}

TEST_CASE("Copies for checkpoints are a kind of their own") {
  const std::vector<Taken> ranks = train(gpt(1, Shard::kNone), 100);
  CHECK(ranks[0].taken.at("checkpoint") == 128);
}

TEST_CASE("Of a run without steps all is told but activations") {
  const Config config = gpt(1, Shard::kNone);
  const FixedSource source = FixedSource::counting(8, 16, 65);
  std::vector<Kinds> taken(2);
  run_ranks(config, source, 2, [&](RankThread& rank) {
    for (const auto& [name, bytes] : MemoryUses().taken(rank.pipeline(), rank.pool(), 0)) {
      taken[static_cast<std::size_t>(rank.rank())][name] = bytes;
    }
  });
  for (const Kinds& kinds : taken) {
    CHECK(kinds.at("weights") > 0);
    CHECK(kinds.at("activations") == 0);
  }
}

}  // namespace memory_uses_test
