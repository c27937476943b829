// The state of one rank of a small model, of which nothing runs: for what does not need the others.
// It must not know messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "comm/in_process.h"
#include "setup/rank_state.h"

namespace pipetrain {

struct SmallRank {
  // Rank `rank` of so many replicas of a pipeline of `ranks`.
  SmallRank(Shard shard, int replicas, int ranks, int rank, Mode mode = Mode::kTrain)
      : config(configured(shard, replicas)),
        model(set_up_model(
            config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13}, .stage_ranks = ranks})),
        layout{.schedule = model.schedule,
               .partition = uniform_partition(static_cast<int>(model.layers.size()), ranks),
               .recomputed = model.recomputed},
        map(Grid(replicas * ranks, replicas, 1, ranks), rank, layout.schedule),
        tensor(alone.collective(0)),
        state(config, model, layout, map, *tensor, pool, mode) {}

  static Config configured(Shard shard, int replicas) {
    Config made;
    made.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
    made.pipeline.microbatches = 2;
    made.parallel.data = replicas;
    made.parallel.shard = shard;
    made.train.batch_size = 8;
    return made;
  }

  Config config;
  const ModelSetup model;
  const Layout layout;
  const RankMap map;
  InProcess alone{1};
  std::unique_ptr<Collective> tensor;
  MemoryPool pool;
  RankState state;
};

}  // namespace pipetrain
