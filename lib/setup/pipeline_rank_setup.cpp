// What a rank is made of: its stages, their parameters or shards of them, the engine, the
// optimizer.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

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
  build_shards(mode);
  build_engine();
  if (mode != Mode::kTrain) return;
  training_actions_ = lowered().ranks[place()];
  store_->initialize_values(config_.train.seed);
  build_optimizer();
}

void PipelineRank::build_stages(Mode mode) {
  const int layers = static_cast<int>(layers_.size());
  std::vector<ParameterStore::LocalStage> locals;
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
    locals.push_back({s, std::move(mine)});
  }
  store_ = std::make_unique<ParameterStore>(
      pool_, index_, locals, stage_of_layers(layout_.partition, layers), mode, shards_parameters());
}

// Gradients are summed over the replicas in buckets, of which each replica has its pieces; sharded
// weights are gathered in the same.
void PipelineRank::build_shards(Mode mode) {
  const bool trains = mode == Mode::kTrain, sharded = shards_parameters();
  if (!trains && !sharded) return;
  const BucketRule rule{grid().data(), position_.data, kBucketElements, sharded};
  for (const StageParameters& stage : store_->stages()) {
    buckets_.push_back(make_buckets(stage, rule));
    pieces_.push_back(pieces_of(stage, buckets_.back(), position_.data));
  }
  if (sharded) {
    store_->keep_shards(pieces_);
    sharded_weights_ = std::make_unique<ShardedWeights>(store_->stages(), buckets_, links_.replicas,
                                                        ops_, kMostGathered);
  }
  if (!trains || grid().data() == 1) return;
  part_tied(*store_, buckets_, rule);
  if (sharded) {
    sharded_gradients_ =
        std::make_unique<ShardedGradients>(*store_, buckets_, links_.replicas, ops_);
  } else {
    replica_sum_ = std::make_unique<ReplicaSum>(*store_, buckets_, links_.replicas, pool_,
                                                /*gathers_gradients=*/!shards_optimizer());
  }
}

void PipelineRank::build_engine() {
  std::vector<int> ranks;
  for (int s = 0; s < stage_count(); ++s) ranks.push_back(rank_of_stage(s, position_.data));
  reducer_ = std::make_unique<GradientReducer>(
      *store_, links_.mailbox, ops_,
      [ranks](int stage) { return ranks[static_cast<std::size_t>(stage)]; },
      OverReplicas{replica_sum_.get(), sharded_gradients_.get()});
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
