#include "setup/rank_state.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

#include "ops/parallel.h"
#include "ops/work_log.h"
#include "schedule/limits.h"
#include "setup/run_program.h"

namespace pipetrain {
namespace {

std::size_t bytes_of(const Shape& shape, DType dtype) {
  return static_cast<std::size_t>(shape.elements()) * element_bytes(dtype);
}

const std::vector<std::unique_ptr<Layer>>& layers_of(const ModelSetup& model, Version version) {
  if (version == Version::kSecond) return model.other_layers;
  return model.schedule.cuts_vocabulary() ? model.piece_layers : model.layers;
}

std::int64_t chunks_of(const Piece& piece) {
  return (piece.elements + kChunkElements - 1) / kChunkElements;
}

}  // namespace

RankState::RankState(const Config& config, const ModelSetup& model, const Layout& layout,
                     const RankMap& map, Collective& tensor_group, MemoryPool& pool, Mode mode,
                     Version version)
    : config_(config),
      map_(map),
      layers_(layers_of(model, version)),
      pieces_of_vocabulary_(static_cast<std::size_t>(model.piece_count())),
      row_inputs_(model.layers.front()->input_row().elements()),
      ops_(pool),
      index_(model.schedule.cuts_vocabulary()
                 ? ParameterIndex(layers_, {map.position().pipeline, model.ranks}, true)
                 : ParameterIndex(layers_, model.place)) {
  build_parameters(build_stages(layout, tensor_group), layout.partition, mode);
  if (mode != Mode::kTrain) return;
  parameters_->initialize_values(config.train.seed);
  build_optimizer();
  if (version == Version::kFirst) return;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (const Optimizer::Moment& moment : optimizer_->moments(s)) moment.values->reset();
  }
}

bool RankState::shards_optimizer() const {
  return map_.replicas() > 1 && config_.parallel.shard != Shard::kNone;
}

bool RankState::shards_parameters() const { return pipetrain::shards_parameters(config_); }

std::int64_t RankState::step_inputs() const { return config_.train.batch_size * row_inputs_; }

StageLayers RankState::build_stages(const Layout& layout, Collective& tensor_group) {
  StageLayers of_stages;
  const bool vocabulary = layout.schedule.cuts_vocabulary();
  const int layers = static_cast<int>(cut_layers());
  for (const int s : map_.local_stages()) {
    const auto next = static_cast<std::size_t>(s) + 1;
    const int first = layout.partition[static_cast<std::size_t>(s)];
    const int end = next < layout.partition.size() ? layout.partition[next] : layers;
    std::vector<Layer*> mine;
    for (int i = first; i < end; ++i) mine.push_back(layers_[static_cast<std::size_t>(i)].get());
    const auto mask = layout.recomputed.begin();
    stages_.push_back(std::make_unique<Stage>(s, mine, s + 1 == map_.stage_count() && !vocabulary,
                                              ops_, RecomputedLayers(mask + first, mask + end),
                                              map_.grid().tensor() > 1 ? &tensor_group : nullptr,
                                              config_.communication.precision));
    of_stages.push_back(std::move(mine));
  }
  int number = map_.stage_count() + map_.position().pipeline;
  for (std::size_t piece = cut_layers(); piece < layers_.size(); ++piece) {
    of_stages.push_back({layers_[piece].get()});
    stages_.push_back(std::make_unique<Stage>(number, of_stages.back(), /*last=*/false, ops_));
    number += map_.grid().pipeline();
  }
  return of_stages;
}

// Gradients are summed over the replicas in buckets, of which each replica has its pieces; sharded
// weights are gathered in the same.
void RankState::build_parameters(const StageLayers& layers, const Partition& partition, Mode mode) {
  const BucketRule rule{map_.replicas(), map_.replica(), kBucketElements, shards_parameters()};
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
  if (map_.replicas() > 1) part_tied(*parameters_, buckets_, rule);
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
  OptimizerConfig optimizer = config_.optimizer;
  optimizer.looks_ahead = config_.pipeline.delay_correction == DelayCorrection::kNesterov;
  optimizer_ = make_optimizer(optimizer, std::move(buffers), ops_);
}

std::vector<Tensor*> RankState::overwritten_by_update() {
  std::vector<Tensor*> tensors;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    StageParameters& stage = parameters_->stages()[s];
    tensors.push_back(&stage.values);
    tensors.push_back(&stage.buffer_values);
    for (const Optimizer::Moment& moment : optimizer_->moments(s)) tensors.push_back(moment.values);
  }
  return tensors;
}

std::vector<std::pair<std::int64_t, std::int64_t>> RankState::own_chunks() const {
  std::vector<std::pair<std::int64_t, std::int64_t>> chunks;
  for (const std::vector<Piece>& pieces : pieces_) {
    for (const Piece& piece : pieces) {
      if (!piece.slot->owned) continue;
      chunks.emplace_back(piece.slot->first_chunk + piece.first / kChunkElements, chunks_of(piece));
    }
  }
  return chunks;
}

void RankState::sum_squares(StepFigures& figures) {
  const WorkScope scope(ops_, [] { return WorkPlace{"optimizer", "U"}; });
  for (std::size_t s = 0; s < pieces_.size(); ++s) {
    const float* gradients = parameters_->stages()[s].gradients.f32();
    for (const Piece& piece : pieces_[s]) {
      if (!piece.slot->owned) continue;
      double* squares = figures.squares(piece.slot->first_chunk + piece.first / kChunkElements);
      const WorkScope sums(ops_, [&] {
        return vector_work("gradient norm", 2, {{gradients + piece.at, 1, piece.elements}});
      });
      parallel_ranges(chunks_of(piece), 4, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t at = c * kChunkElements;
          squares[c] = ops_.simd().sum_squares(gradients + piece.at + at,
                                               std::min(kChunkElements, piece.elements - at));
        }
      });
    }
  }
}

void RankState::reserve_for_sends(const std::set<std::int64_t>& rows, const StepContext& step,
                                  const MessageBound& most) {
  const auto reserve = [&](const Shape& whole, DType dtype, int count) {
    for (int slice = 0; slice < step.slices.count(); ++slice) {
      // Of one size at most one of each microbatch.
      const int own = step.slices.cut() ? std::min(count, step.microbatches) : count;
      ops_.pool().reserve(bytes_of(step.slices.of(whole, slice), dtype), own);
    }
  };
  for (const std::int64_t n : rows) {
    for (const auto& stage : stages_) {
      if (is_piece(*stage)) continue;
      if (!stage->last()) reserve(stage->output_shape(n), stage->output_dtype(), most.forward);
      if (!stage->first()) reserve(stage->input_shape(n), stage->input_dtype(), most.backward);
    }
  }
}

void RankState::reserve_for_evaluation(const StepContext& step) {
  for (const auto& stage : stages_) {
    const bool sends = stage->index() + 1 < map_.stage_count() && map_.copy_of(stage->index()) == 0;
    if (!sends || map_.rank_of_stage(stage->index() + 1, map_.position().data) == map_.rank())
      continue;
    for (int m = 0; m < step.microbatches; ++m) {
      ops_.pool().reserve(bytes_of(stage->output_shape(step.rows_of(m)), stage->output_dtype()),
                          kEvaluationBatches);
    }
  }
}

RankVersions::RankVersions(RankState& first, RankState* second) : versions_{&first} {
  if (second == nullptr) return;
  versions_.push_back(second);
  start_after(0);
}

void RankVersions::start_after(std::int64_t steps) {
  newest_ = number_of(steps + versions_.size() - 1);
  take_moments(newest_);
}

void RankVersions::take_moments(std::size_t number) {
  if (number == with_moments_) return;
  RankState &from = *versions_[with_moments_], &to = *versions_[number];
  for (std::size_t s = 0; s < from.stages().size(); ++s) {
    const auto old = from.optimizer().moments(s), own = to.optimizer().moments(s);
    for (std::size_t m = 0; m < own.size(); ++m) std::swap(*old[m].values, *own[m].values);
  }
  with_moments_ = number;
}

void RankVersions::begin_update(std::int64_t step) {
  const std::size_t own = number_of(step);
  if (newest_ != own) copy(*versions_[newest_], *versions_[own], /*with_statistics=*/false);
  newest_ = own;
  take_moments(own);
}

void RankVersions::skip_update(std::int64_t step) {
  const std::size_t own = number_of(step);
  if (newest_ != own) copy(*versions_[newest_], *versions_[own], /*with_statistics=*/true);
}

void RankVersions::copy(RankState& from, RankState& to, bool with_statistics) {
  for (std::size_t s = 0; s < from.parameters().stages().size(); ++s) {
    const StageParameters& old = from.parameters().stages()[s];
    StageParameters& own = to.parameters().stages()[s];
    std::memcpy(own.values.data(), old.values.data(), own.values.bytes());
    if (!with_statistics) continue;
    std::memcpy(own.buffer_values.data(), old.buffer_values.data(), own.buffer_values.bytes());
  }
  to.ops().weights_changed();
}

}  // namespace pipetrain
