#include "setup/rank_state.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

constexpr int kRanks = 2;  // of the pipeline

// The state of one rank, of which nothing runs.
struct Made {
  Made(const std::string& shard, int replicas, int rank, Mode mode)
      : config(configured(shard, replicas)),
        model(set_up_model(config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13},
                                    .stage_ranks = kRanks})),
        layout{.schedule = model.schedule,
               .partition = uniform_partition(static_cast<int>(model.layers.size()), kRanks),
               .recomputed = model.recomputed},
        map(Grid(replicas * kRanks, replicas, 1, kRanks), rank, layout.schedule),
        tensor(alone.collective(0)),
        state(config, model, layout, map, *tensor, pool, mode) {}

  static Config configured(const std::string& shard, int replicas) {
    Config made;
    made.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
    made.pipeline.microbatches = 2;
    made.parallel.data = replicas;
    made.parallel.shard = shard;
    made.train.batch_size = 8;
    return made;
  }
  std::int64_t kept() {
    std::int64_t elements = 0;
    for (const StageParameters& stage : state.parameters().stages()) {
      elements += stage.values.elements();
    }
    return elements;
  }
  std::int64_t updated() const {
    std::int64_t elements = 0;
    for (const auto& stage : state.updated_pieces()) {
      for (const Piece& piece : stage) elements += piece.elements;
    }
    return elements;
  }

  Config config;
  ModelSetup model;
  Layout layout;
  RankMap map;
  InProcess alone{1};
  std::unique_ptr<Collective> tensor;
  MemoryPool pool;
  RankState state;
};

std::int64_t elements_of(const std::vector<Layer*>& layers) {
  std::int64_t elements = 0;
  for (Layer* layer : layers) {
    for (const Parameter& parameter : layer->parameters()) elements += parameter.elements();
  }
  return elements;
}

}  // namespace

TEST_CASE(
    "A rank has the stages of its place, with values, gradients and moments of their layers") {
  for (int rank = 0; rank < kRanks; ++rank) {
    Made made("none", 1, rank, Mode::kTrain);
    REQUIRE(made.state.stages().size() == 1);
    const Stage& stage = *made.state.stages()[0];
    CHECK(stage.index() == rank);
    CHECK(stage.last() == (rank == 1));
    CHECK(made.kept() == elements_of(stage.layers()));
    CHECK(made.updated() == made.kept());
    CHECK(made.state.optimizer().moments(0).at(0).values->elements() == made.kept());
    CHECK(made.state.parameters().stages()[0].gradients.elements() == made.kept());
  }
}

TEST_CASE("Of an evaluated rank there are values alone") {
  for (const std::string shard : {"none", "parameters"}) {
    Made made(shard, 2, 0, Mode::kEvaluate);
    CHECK(made.kept() > 0);
    CHECK(made.state.parameters().stages()[0].gradients.empty());
    CHECK(made.state.updated_pieces().empty());
  }
}

TEST_CASE("Replicas share out the optimizer, or the weights too, and together have all of them") {
  Made whole("none", 1, 0, Mode::kTrain);
  for (const std::string shard : {"none", "optimizer", "parameters"}) {
    INFO("shard " << shard);
    std::int64_t kept = 0, updated = 0;
    for (int replica = 0; replica < 2; ++replica) {
      Made made(shard, 2, replica * kRanks, Mode::kTrain);
      CHECK(made.state.shards_optimizer() == (shard != "none"));
      CHECK(made.state.shards_parameters() == (shard == "parameters"));
      kept += made.kept();
      updated += made.updated();
    }
    CHECK(kept == whole.kept() * (shard == "parameters" ? 1 : 2));
    CHECK(updated == whole.kept() * (shard == "none" ? 2 : 1));
  }
}

TEST_CASE("Without replicas there is nothing to share out, whatever parallel.shard says") {
  Made made("parameters", 1, 0, Mode::kTrain);
  CHECK(!made.state.shards_optimizer());
  CHECK(!made.state.shards_parameters());
}
