// What of a rank outlasts a step, and all that checkpoints need: its stages, their parameters or
// shards of them, and the optimizer. It must not know messages, actions or how a step is run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "config/config.h"
#include "optim/optimizer.h"
#include "pipeline/parameter_store.h"
#include "pipeline/shards.h"
#include "pipeline/stage.h"
#include "setup/layout.h"
#include "setup/rank_map.h"

namespace pipetrain {

class RankState {
 public:
  // `config`, `model`, `map` and `tensor_group` outlive it. For kEvaluate it has neither gradients
  // nor an optimizer, and no values until a checkpoint's are read.
  RankState(const Config& config, const ModelSetup& model, const Layout& layout, const RankMap& map,
            Collective& tensor_group, MemoryPool& pool, Mode mode);

  const RankMap& map() const { return map_; }
  bool shards_optimizer() const;     // each replica updates its share
  bool shards_parameters() const;    // and keeps nothing else of the weights
  std::int64_t step_inputs() const;  // entries of the inputs of a step's batch
  const std::vector<std::unique_ptr<Layer>>& layers() const { return layers_; }  // of the model
  const ParameterIndex& index() const { return index_; }
  const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }
  ParameterStore& parameters() { return *parameters_; }
  // Of each of the rank's stages how it is cut for the replicas, and the pieces of this one.
  const std::vector<std::vector<Bucket>>& buckets() const { return buckets_; }
  const std::vector<std::vector<Piece>>& pieces() const { return pieces_; }
  // Of each of the rank's stages what the optimizer updates here, in the order of its moments.
  const std::vector<std::vector<Piece>>& updated_pieces() const { return updated_pieces_; }
  Optimizer& optimizer() { return *optimizer_; }
  Ops& ops() { return ops_; }

 private:
  StageLayers build_stages(const Layout& layout, Collective& tensor_group);
  void build_parameters(const StageLayers& layers, const Partition& partition, Mode mode);
  void build_optimizer();

  const Config& config_;
  const RankMap& map_;
  const std::vector<std::unique_ptr<Layer>>& layers_;
  Ops ops_;
  ParameterIndex index_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::unique_ptr<ParameterStore> parameters_;
  std::vector<std::vector<Bucket>> buckets_;
  std::vector<std::vector<Piece>> pieces_, updated_pieces_;
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace pipetrain
