#include "setup/rank_state.h"

#include <cstddef>
#include <utility>

#include "schedule/limits.h"
#include "setup/run_program.h"

namespace pipetrain {

RankState::RankState(const Config& config, const ModelSetup& model, const Layout& layout,
                     const RankMap& map, Collective& tensor_group, MemoryPool& pool, Mode mode)
    : config_(config), map_(map), layers_(model.layers), ops_(pool), index_(layers_, model.place) {
  build_parameters(build_stages(layout, tensor_group), layout.partition, mode);
  if (mode != Mode::kTrain) return;
  parameters_->initialize_values(config.train.seed);
  build_optimizer();
}

bool RankState::shards_optimizer() const {
  return map_.grid().data() > 1 && config_.parallel.shard != Shard::kNone;
}

bool RankState::shards_parameters() const { return pipetrain::shards_parameters(config_); }

std::int64_t RankState::step_inputs() const {
  return config_.train.batch_size * layers_.front()->input_row().elements();
}

StageLayers RankState::build_stages(const Layout& layout, Collective& tensor_group) {
  StageLayers of_stages;
  const int layers = static_cast<int>(layers_.size());
  for (const int s : map_.local_stages()) {
    const auto next = static_cast<std::size_t>(s) + 1;
    const int first = layout.partition[static_cast<std::size_t>(s)];
    const int end = next < layout.partition.size() ? layout.partition[next] : layers;
    std::vector<Layer*> mine;
    for (int i = first; i < end; ++i) mine.push_back(layers_[static_cast<std::size_t>(i)].get());
    const auto mask = layout.recomputed.begin();
    stages_.push_back(std::make_unique<Stage>(
        s, mine, s + 1 == map_.stage_count(), ops_, RecomputedLayers(mask + first, mask + end),
        map_.grid().tensor() > 1 ? &tensor_group : nullptr, config_.communication.precision));
    of_stages.push_back(std::move(mine));
  }
  return of_stages;
}

// Gradients are summed over the replicas in buckets, of which each replica has its pieces; sharded
// weights are gathered in the same.
void RankState::build_parameters(const StageLayers& layers, const Partition& partition, Mode mode) {
  const Grid& grid = map_.grid();
  const BucketRule rule{grid.data(), map_.position().data, kBucketElements, shards_parameters()};
  const auto cut = [&](const std::vector<StageParameters>& stages) {
    for (const StageParameters& stage : stages) {
      buckets_.push_back(make_buckets(stage, rule));
      pieces_.push_back(pieces_of(stage, buckets_.back(), rule.replica));
    }
  };
  if (shards_parameters()) {
    auto sharded = std::make_unique<ShardedParameters>(ops_.pool(), index_, layers);
    cut(sharded->stages());
    sharded->keep(pieces_);
    parameters_ = std::move(sharded);
  } else {
    parameters_ = std::make_unique<WholeParameters>(ops_.pool(), index_, layers);
    cut(parameters_->stages());
  }
  if (mode != Mode::kTrain) return;
  parameters_->add_gradients(stage_of_layers(partition, static_cast<int>(layers_.size())));
  if (grid.data() > 1) part_tied(*parameters_, buckets_, rule);
}

// Updates all parameters, or of sharded ones this replica's pieces.
void RankState::build_optimizer() {
  std::vector<FlatParameters> buffers;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageParameters& stage = parameters_->stages()[s];
    FlatParameters flat{stage.values.f32(), stage.gradients.f32(), {}};
    updated_pieces_.push_back(shards_optimizer() ? pieces_[s] : stage.kept);
    for (const Piece& piece : updated_pieces_.back()) {
      flat.parts.push_back({piece.at, piece.elements, piece.slot->parameter->decays()});
    }
    buffers.push_back(std::move(flat));
  }
  optimizer_ = make_optimizer(config_.optimizer, std::move(buffers), ops_);
}

}  // namespace pipetrain
