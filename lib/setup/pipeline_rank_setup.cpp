// What a rank is made of: its stages, their parameters or shards of them, the engine, the
// optimizer.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "pipeline/one_replica.h"
#include "pipeline/replica_sum.h"
#include "pipeline/sharded_gradients.h"
#include "pipeline/tied_gradients.h"
#include "schedule/shard_actions.h"
#include "setup/memory_forecast.h"
#include "setup/pipeline_rank.h"

namespace pipetrain {

PipelineRank::PipelineRank(const Config& config, ModelPlan plan, const GridLinks& links,
                           MemoryPool& pool, Mode mode)
    : config_(config),
      links_(links),
      position_(links.position()),
      pool_(pool),
      ops_(pool),
      layout_(choose_layout(config, plan, links.world)),
      epochs_{plan.training_rows, config.train.batch_size,
              std::int64_t{layout_.schedule.microbatches} * links.grid.data()},
      layers_(std::move(plan.layers)),
      index_(layers_, plan.place),
      target_row_(layers_.back()->output_row().without_last()),
      figures_(index_.chunks, grid().size(), stage_count()) {
  if (mode == Mode::kTrain) require_room(layout_.memory, plan.memory_limit, grid(), links.world);
  build_stages(mode);
  build_engine(mode);
  if (mode != Mode::kTrain) return;
  training_actions_ = lowered().ranks[place()];
  store_->initialize_values(config_.train.seed);
  build_optimizer();
}

void PipelineRank::build_stages(Mode mode) {
  const int layers = static_cast<int>(layers_.size());
  StageLayers layers_of_stages;
  for (const int s : local_stages()) {
    const auto next = static_cast<std::size_t>(s) + 1;
    const int first = layout_.partition[static_cast<std::size_t>(s)];
    const int end = next < layout_.partition.size() ? layout_.partition[next] : layers;
    std::vector<Layer*> mine;
    for (int i = first; i < end; ++i) mine.push_back(layers_[static_cast<std::size_t>(i)].get());
    const auto mask = layout_.recomputed.begin();
    stages_.push_back(std::make_unique<Stage>(s, mine, s + 1 == stage_count(), ops_,
                                              std::vector<bool>(mask + first, mask + end),
                                              grid().tensor() > 1 ? &links_.tensor : nullptr));
    layers_of_stages.push_back(std::move(mine));
  }
  build_parameters(mode, layers_of_stages);
}

// Gradients are summed over the replicas in buckets, of which each replica has its pieces; sharded
// weights are gathered in the same.
void PipelineRank::build_parameters(Mode mode, const StageLayers& layers) {
  const BucketRule rule{grid().data(), position_.data, kBucketElements, shards_parameters()};
  const auto cut = [&](const std::vector<StageParameters>& stages) {
    for (const StageParameters& stage : stages) {
      buckets_.push_back(make_buckets(stage, rule));
      pieces_.push_back(pieces_of(stage, buckets_.back(), position_.data));
    }
  };
  if (shards_parameters()) {
    auto sharded = std::make_unique<ShardedParameters>(pool_, index_, layers);
    cut(sharded->stages());
    sharded->keep(pieces_);
    store_ = std::move(sharded);
  } else {
    store_ = std::make_unique<WholeParameters>(pool_, index_, layers);
    cut(store_->stages());
  }
  if (mode != Mode::kTrain) return;
  store_->add_gradients(stage_of_layers(layout_.partition, static_cast<int>(layers_.size())));
  if (grid().data() > 1) part_tied(*store_, buckets_, rule);
}

std::unique_ptr<GradientReducer> PipelineRank::make_reducer(Mode mode,
                                                            const std::vector<int>& ranks) {
  TiedGradients tied(*store_, links_.mailbox, ops_,
                     [ranks](int stage) { return ranks[static_cast<std::size_t>(stage)]; });
  if (mode != Mode::kTrain || grid().data() == 1) {
    return std::make_unique<OneReplica>(std::move(tied));
  }
  if (shards_parameters()) {
    return std::make_unique<ShardedGradients>(*store_, buckets_, links_.replicas, ops_,
                                              std::move(tied));
  }
  return std::make_unique<ReplicaSum>(*store_, buckets_, links_.replicas, pool_, std::move(tied),
                                      /*gathers_gradients=*/!shards_optimizer());
}

void PipelineRank::build_engine(Mode mode) {
  std::vector<int> ranks;
  for (int s = 0; s < stage_count(); ++s) ranks.push_back(rank_of_stage(s, position_.data));
  if (shards_parameters()) {
    sharded_weights_ = std::make_unique<ShardedWeights>(store_->stages(), buckets_, links_.replicas,
                                                        ops_, kMostGathered);
  }
  reducer_ = make_reducer(mode, ranks);
  // Of ranks that share a stage one speaks for all: they sum up together anyway.
  std::vector<int> last_ranks;
  for (int replica = 0; replica < grid().data(); ++replica) {
    last_ranks.push_back(rank_of_stage(stage_count() - 1, replica));
  }
  evaluation_pace_ = std::make_unique<EvaluationPace>(links_.mailbox, pool_, ranks, last_ranks);
  std::vector<Stage*> stages;
  for (const auto& stage : stages_) stages.push_back(stage.get());
  engine_ = std::make_unique<Engine>(std::move(stages), std::move(ranks), links_.mailbox, *reducer_,
                                     sharded_weights_.get());
}

bool PipelineRank::shards_optimizer() const {
  return grid().data() > 1 && config_.parallel.shard != "none";
}

bool PipelineRank::shards_parameters() const {
  return grid().data() > 1 && config_.parallel.shard == "parameters";
}

// Updates all parameters, or of sharded ones this replica's pieces.
void PipelineRank::build_optimizer() {
  std::vector<FlatParameters> buffers;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageParameters& stage = store_->stages()[s];
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
