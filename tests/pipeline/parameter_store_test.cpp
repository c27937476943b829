#include "pipeline/parameter_store.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "pipeline/shards.h"
#include "schedule/limits.h"
#include "small_model.h"

using namespace pipetrain;

namespace parameter_store_test {

namespace {

const std::string kTied = "layers.0.embedding.token.weight";

StageLayers layers_of(const SmallModel& model, const Partition& partition,
                      const std::vector<int>& stages) {
  StageLayers layers;
  for (const int stage : stages) layers.push_back(model.of_stage(partition, stage));
  return layers;
}

std::vector<int> stage_of(const SmallModel& model, const Partition& partition) {
  return stage_of_layers(partition, static_cast<int>(model.layers.size()));
}

bool lies_in(const float* at, Tensor& buffer) {
  return !buffer.empty() && at >= buffer.f32() && at < buffer.f32() + buffer.elements();
}

// The uses of the tied parameter, in layer order.
std::vector<Parameter*> tied_uses(const SmallModel& model) {
  std::vector<Parameter*> uses;
  for (const auto& layer : model.layers) {
    for (Parameter& parameter : layer->parameters()) {
      if (parameter.name == kTied) uses.push_back(&parameter);
    }
  }
  return uses;
}

}  // namespace

TEST_CASE("Every parameter has the same place in the norm however the model is cut") {
  const SmallModel model;
  std::int64_t next = 0;
  for (const ParameterIndex::Entry& entry : model.index.entries) {
    CHECK(entry.first_chunk == next);
    const auto& parameters =
        model.layers[static_cast<std::size_t>(entry.first_layer)]->parameters();
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const Parameter& p) { return p.name == entry.name; });
    next += (found->elements() + kChunkElements - 1) / kChunkElements;
  }
  CHECK(model.index.chunks == next);
  const ParameterIndex::Entry& tied = model.index.find(kTied);
  CHECK(tied.first_layer == 0);
  CHECK(tied.last_layer == 6);
}

TEST_CASE("Whole parameters lie one behind the other in their stage's buffer, a tied one once") {
  const SmallModel model;
  MemoryPool pool;
  WholeParameters store(pool, model.index, layers_of(model, {0, 3}, {0, 1}));
  REQUIRE(store.stages().size() == 2);
  std::int64_t elements = 0;
  for (StageParameters& stage : store.stages()) {
    std::int64_t next = 0;
    for (const ParameterSlot& slot : stage.slots) {
      CHECK(slot.offset == next);
      CHECK(slot.parameter->value == stage.values.f32() + slot.offset);
      next += slot.elements;
    }
    CHECK(stage.values.elements() == next);
    elements += next;
  }
  CHECK(elements == parameter_count(model.layers));
  const std::vector<Parameter*> uses = tied_uses(model);
  REQUIRE(uses.size() == 2);
  CHECK(uses[0]->value == uses[1]->value);
}

TEST_CASE("A store has values alone until it gets gradients, a tied parameter one for each use") {
  const SmallModel model;
  const Partition partition{0, 3};
  MemoryPool pool;
  WholeParameters store(pool, model.index, layers_of(model, partition, {0, 1}));
  const std::vector<Parameter*> uses = tied_uses(model);
  for (const StageParameters& stage : store.stages()) CHECK(stage.gradients.empty());
  CHECK(store.tied().empty());

  store.add_gradients(stage_of(model, partition));
  for (StageParameters& stage : store.stages()) {
    CHECK(stage.gradients.elements() == stage.values.elements());
    CHECK(std::all_of(stage.gradients.floats().begin(), stage.gradients.floats().end(),
                      [](float gradient) { return gradient == 0; }));
  }
  REQUIRE(store.tied().size() == 1);
  TiedParameter& tied = store.tied()[0];
  CHECK((tied.earlier.here && tied.earlier.stage == 0 && tied.earlier.local == 0));
  CHECK((tied.later.here && tied.later.stage == 1 && tied.later.local == 1));
  CHECK(uses[0]->gradient == tied.earlier_gradient.f32());
  CHECK(lies_in(uses[1]->gradient, store.stages()[tied.stage].gradients));
  REQUIRE(tied.parts.size() == 1);
  CHECK(tied.parts[0].slot_gradient == uses[1]->gradient);
  CHECK(tied.parts[0].earlier_gradient == uses[0]->gradient);
}

TEST_CASE("A tied parameter whose other use is elsewhere has one gradient here, in its slot") {
  const SmallModel model;
  const Partition partition{0, 3};
  MemoryPool pool;
  WholeParameters store(pool, model.index, layers_of(model, partition, {1}));
  store.add_gradients(stage_of(model, partition));
  REQUIRE(store.tied().size() == 1);
  CHECK(!store.tied()[0].earlier.here);
  CHECK(store.tied()[0].earlier_gradient.empty());
  CHECK(store.tied()[0].parts.at(0).earlier_gradient == nullptr);
  CHECK(!store.slot_of(store.tied()[0]).owned);  // the first stage saves it
}

TEST_CASE("Sharded, each stage has slots for all that it uses, and memory for its pieces alone") {
  constexpr int kReplicas = 2;
  const SmallModel model;
  const Partition partition{0, 3};
  MemoryPool pool;
  std::int64_t kept = 0, slots = 0;
  for (int replica = 0; replica < kReplicas; ++replica) {
    ShardedParameters store(pool, model.index, layers_of(model, partition, {0, 1}));
    const BucketRule rule{kReplicas, replica, std::int64_t{1} << 20, /*sharded=*/true};
    std::vector<std::vector<Bucket>> buckets;
    std::vector<std::vector<Piece>> pieces;
    for (const StageParameters& stage : store.stages()) {
      CHECK(stage.values.empty());
      buckets.push_back(make_buckets(stage, rule));
      pieces.push_back(pieces_of(stage, buckets.back(), replica));
    }
    store.keep(pieces);
    store.add_gradients(stage_of(model, partition));
    slots = 0;
    for (StageParameters& stage : store.stages()) {
      CHECK(stage.gradients.elements() == stage.values.elements());
      kept += stage.values.elements();
      slots += stage.elements();
    }
    CHECK(store.tied().size() == 2);  // each stage has its own of the tied weight
  }
  CHECK(kept == slots);  // the replicas together have each element once
  const auto tied = static_cast<std::int64_t>(tied_uses(model)[0]->elements());
  CHECK(slots == parameter_count(model.layers) + tied);
}

TEST_CASE("Starting values are the same whole and in pieces") {
  const SmallModel whole_model, sharded_model;
  MemoryPool pool;
  WholeParameters whole(pool, whole_model.index, layers_of(whole_model, {0}, {0}));
  whole.initialize_values(7);
  for (int replica = 0; replica < 2; ++replica) {
    ShardedParameters sharded(pool, sharded_model.index, layers_of(sharded_model, {0}, {0}));
    StageParameters& stage = sharded.stages()[0];
    const std::vector<Bucket> buckets =
        make_buckets(stage, {2, replica, std::int64_t{1} << 20, /*sharded=*/true});
    sharded.keep({pieces_of(stage, buckets, replica)});
    sharded.initialize_values(7);
    for (const Piece& piece : stage.kept) {
      const float* here = stage.values.f32() + piece.at;
      const float* there = whole.stages()[0].values.f32() + piece.slot->offset + piece.first;
      CHECK(std::equal(here, here + piece.elements, there));
    }
  }
}

}  // namespace parameter_store_test
