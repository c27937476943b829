// One replica's shards of the small model, for tests of what gathers and sums them.
#pragma once

#include <memory>
#include <stdexcept>
#include <vector>

#include "pipeline/shards.h"
#include "small_model.h"

namespace pipetrain {

inline void require(bool condition, const char* what) {  // Catch's macros are for one thread
  if (!condition) throw std::runtime_error(what);
}

struct ShardedModel {
  MemoryPool pool;
  SmallModel model;
  Ops ops{pool};
  Partition partition;
  BucketRule rule;
  StageLayers layers;
  std::unique_ptr<ShardedParameters> parameters;
  std::vector<std::vector<Bucket>> buckets;
  std::vector<std::vector<Piece>> pieces;

  // All stages of the partition, on each replica.
  ShardedModel(const Partition& cut, int replicas, int replica)
      : partition(cut), rule{replicas, replica, /*most_elements=*/200, /*sharded=*/true} {
    for (int stage = 0; stage < static_cast<int>(cut.size()); ++stage) {
      layers.push_back(model.of_stage(cut, stage));
    }
    parameters = std::make_unique<ShardedParameters>(pool, model.index, layers);
    for (const StageParameters& stage : parameters->stages()) {
      buckets.push_back(make_buckets(stage, rule));
      pieces.push_back(pieces_of(stage, buckets.back(), replica));
    }
    parameters->keep(pieces);
    parameters->initialize_values(1);
  }
};

}  // namespace pipetrain
