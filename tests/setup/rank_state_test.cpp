#include "setup/rank_state.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/small_rank.h"

using namespace pipetrain;

namespace rank_state_test {

namespace {

constexpr int kRanks = 2;  // of the pipeline

std::int64_t kept_elements(RankState& state) {
  std::int64_t elements = 0;
  for (const StageParameters& stage : state.parameters().stages()) {
    elements += stage.values.elements();
  }
  return elements;
}

std::int64_t updated_elements(const RankState& state) {
  std::int64_t elements = 0;
  for (const auto& stage : state.updated_pieces()) {
    for (const Piece& piece : stage) elements += piece.elements;
  }
  return elements;
}

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
    SmallRank made(Shard::kNone, 1, kRanks, rank);
    REQUIRE(made.state.stages().size() == 1);
    const Stage& stage = *made.state.stages()[0];
    CHECK(stage.index() == rank);
    CHECK(stage.last() == (rank == 1));
    CHECK(kept_elements(made.state) == elements_of(stage.layers()));
    CHECK(updated_elements(made.state) == kept_elements(made.state));
    CHECK(made.state.optimizer().moments(0).at(0).values->elements() == kept_elements(made.state));
    CHECK(made.state.parameters().stages()[0].gradients.elements() == kept_elements(made.state));
  }
}

TEST_CASE("Of an evaluated rank there are values alone") {
  for (const Shard shard : {Shard::kNone, Shard::kParameters}) {
    SmallRank made(shard, 2, kRanks, 0, Mode::kEvaluate);
    CHECK(kept_elements(made.state) > 0);
    CHECK(made.state.parameters().stages()[0].gradients.empty());
    CHECK(made.state.updated_pieces().empty());
  }
}

TEST_CASE("Replicas share out the optimizer, or the weights too, and together have all of them") {
  SmallRank whole(Shard::kNone, 1, kRanks, 0);
  for (const Shard shard : {Shard::kNone, Shard::kOptimizer, Shard::kParameters}) {
    INFO("shard " << name_of(kShards, shard));
    std::int64_t kept = 0, updated = 0;
    for (int replica = 0; replica < 2; ++replica) {
      SmallRank made(shard, 2, kRanks, replica * kRanks);
      CHECK(made.state.shards_optimizer() == (shard != Shard::kNone));
      CHECK(made.state.shards_parameters() == (shard == Shard::kParameters));
      kept += kept_elements(made.state);
      updated += updated_elements(made.state);
    }
    CHECK(kept == kept_elements(whole.state) * (shard == Shard::kParameters ? 1 : 2));
    CHECK(updated == kept_elements(whole.state) * (shard == Shard::kNone ? 2 : 1));
  }
}

TEST_CASE("Without replicas there is nothing to share out, whatever parallel.shard says") {
  SmallRank made(Shard::kParameters, 1, kRanks, 0);
  CHECK(!made.state.shards_optimizer());
  CHECK(!made.state.shards_parameters());
}

}  // namespace rank_state_test
