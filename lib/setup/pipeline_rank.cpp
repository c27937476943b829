#include "setup/pipeline_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "ops/parallel.h"
#include "pipeline/recompute.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/message_bounds.h"
#include "schedule/shard_actions.h"

namespace pipetrain {
namespace {

constexpr double kClipEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

std::size_t bytes_of(const Shape& shape, DType dtype) {
  return static_cast<std::size_t>(shape.elements()) * element_bytes(dtype);
}

}  // namespace

std::vector<std::int64_t> microbatch_rows(const StepContext& step) {
  std::vector<std::int64_t> rows;
  for (int m = 0; m < step.microbatches; ++m) rows.push_back(step.rows_of(m));
  return rows;
}

int PipelineRank::rank_of_stage(int stage, int replica) const {
  GridPosition position = position_;
  position.data = replica;
  position.pipeline = pipetrain::rank_of_stage(layout_.schedule, stage);
  return grid().rank_of(position);
}

std::vector<int> PipelineRank::ranks_of_stage(int stage, int replica) const {
  return grid().tensor_group(rank_of_stage(stage, replica));
}

std::vector<int> PipelineRank::local_stages() const {
  const Schedule& s = layout_.schedule;
  return stages_of_rank(s.placement, s.rank_count(), s.virtual_stages, position_.pipeline);
}

std::unique_ptr<Coordinator> PipelineRank::make_coordinator(const Source& source) const {
  const int last = stage_count() - 1;
  std::vector<PipelineEnds> ends;
  for (int replica = 0; replica < grid().data(); ++replica) {
    ends.push_back({ranks_of_stage(0, replica), ranks_of_stage(last, replica)});
  }
  return std::make_unique<Coordinator>(source, links_.mailbox, pool_, std::move(ends), last);
}

Schedule PipelineRank::lowered() const {
  const Schedule lowered = lower(
      add_recompute(layout_.schedule, recomputing_stages(layout_.recomputed, layout_.partition)));
  return shards_parameters() ? add_shard_actions(lowered) : lowered;
}

StepContext PipelineRank::of_replica(StepContext step, int replica) const {
  step.replicas = grid().data();
  step.replica = replica;
  step.microbatches = layout_.schedule.microbatches;
  if (step.mode == Mode::kEvaluate && step.replica_rows() < step.microbatches) {
    step.microbatches = static_cast<int>(step.replica_rows());
  }
  return step;
}

StepContext PipelineRank::training_step(std::int64_t step) const {
  const std::int64_t rows = epochs_.at(step).rows;
  return of_replica({.mode = Mode::kTrain,
                     .step = step,
                     .rows = rows,
                     .seed = config_.train.seed,
                     .gradient_scale = 1.0 / static_cast<double>(rows * targets_per_row())},
                    position_.data);
}

StepContext PipelineRank::evaluation_step(std::int64_t batch, std::int64_t rows) const {
  return of_replica({.mode = Mode::kEvaluate, .step = batch, .rows = rows}, position_.data);
}

BatchPlan PipelineRank::batch_plan(const StepContext& step, std::int64_t first_row) const {
  BatchPlan plan{.training = step.mode == Mode::kTrain,
                 .first_row = first_row,
                 .parity = step.parity(),
                 .microbatch_rows = {}};
  if (plan.training) {
    const StepRows rows = epochs_.at(step.step);
    plan.pass = rows.pass;
    plan.first_row = rows.first_row;
  }
  for (int replica = 0; replica < grid().data(); ++replica) {
    plan.microbatch_rows.push_back(microbatch_rows(of_replica(step, replica)));
  }
  return plan;
}

StepResult PipelineRank::train(const StepContext& step, double learning_rate, RankNotice notice) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  engine_->run(training_actions_, step, recorder_);
  if (++steps_run_ == 2) reserve_for_sends();
  StepResult result;
  recorder_.record_other("reduce", [&] { result = reduce(step, notice); });
  result.finite = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  if (!result.finite) return result;
  const double clip = config_.optimizer.clip_norm;
  const double scale = clip > 0 ? std::min(1.0, clip / (result.gradient_norm + kClipEpsilon)) : 1.0;
  update(step, learning_rate, scale);
  return result;
}

void PipelineRank::update(const StepContext& step, double learning_rate, double scale) {
  recorder_.record_other("update",
                         [&] { optimizer_->update(step.step + 1, learning_rate, scale); });
  if (grid().data() > 1) {
    recorder_.record_other("gather", [&] {
      reducer_->gather_updated();
      for (StageParameters& stage : store_->stages()) {
        if (!stage.buffers.empty()) average_over_replicas(stage.buffer_nexts.floats());
      }
    });
  }
  store_->update_buffers();
  ops_.weights_changed();
}

void PipelineRank::average_over_replicas(std::span<float> values) {
  links_.replicas.all_reduce(values);
  const float share = 1.0f / static_cast<float>(grid().data());
  for (float& value : values) value *= share;
}

// How long a send holds its tensor depends on the receiver's pace. What the first steps took plus
// all that can be under way at once is enough for ever.
void PipelineRank::reserve_for_sends() {
  const MessageBound bound = max_outstanding_sends(lowered())[place()];
  std::set<std::int64_t> sizes;  // of microbatches
  for (const std::int64_t number : {std::int64_t{0}, epochs_.last_step()}) {
    const StepContext step = training_step(number);
    sizes.insert({step.rows_of(0), step.rows_of(step.microbatches - 1)});
  }
  for (const std::int64_t rows : sizes) {
    for (const auto& stage : stages_) {
      if (!stage->last())
        pool_.reserve(bytes_of(stage->output_shape(rows), stage->output_dtype()), bound.forward);
      if (!stage->first())
        pool_.reserve(bytes_of(stage->input_shape(rows), stage->input_dtype()), bound.backward);
    }
  }
}

// The first ranks may be that many batches ahead of the last.
void PipelineRank::reserve_for_evaluation(const StepContext& step) {
  for (const auto& stage : stages_) {
    if (stage->last() || rank_of_stage(stage->index() + 1, position_.data) == links_.world.rank())
      continue;
    for (int m = 0; m < step.microbatches; ++m) {
      pool_.reserve(bytes_of(stage->output_shape(step.rows_of(m)), stage->output_dtype()),
                    EvaluationPace::kBatchesUnderWay);
    }
  }
}

// Of each chunk of which this replica has the sum, and that no other rank of the tensor group has.
void PipelineRank::fill_in_squares() {
  for (std::size_t s = 0; s < pieces_.size(); ++s) {
    const float* gradients = store_->stages()[s].gradients.f32();
    for (const Piece& piece : pieces_[s]) {
      if (!piece.slot->owned) continue;
      double* squares = figures_.squares(piece.slot->first_chunk + piece.first / kChunkElements);
      const std::int64_t chunks = (piece.elements + kChunkElements - 1) / kChunkElements;
      parallel_ranges(chunks, 4, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t at = c * kChunkElements;
          squares[c] = ops_.simd().sum_squares(gradients + piece.at + at,
                                               std::min(kChunkElements, piece.elements - at));
        }
      });
    }
  }
}

StepResult PipelineRank::reduce(const StepContext& step, RankNotice notice) {
  const int rank = links_.world.rank();
  figures_.clear();
  for (const auto& stage : stages_) {
    if (stage->last() && position_.tensor == 0)
      figures_.set_loss(stage->loss_sum() * step.gradient_scale);
  }
  fill_in_squares();
  figures_.add_spans(rank, recorder_.spans());
  for (std::size_t s = 0; s < stages_.size() && shards_parameters(); ++s) {
    figures_.set_gather(stages_[s]->index(), sharded_weights_->mean_seconds(s));
  }
  const double now = wall_seconds();
  figures_.set(rank, now - step_start_, static_cast<double>(pool_.peak_bytes()), notice);
  step_start_ = now;
  links_.world.all_reduce(figures_.values());
  return figures_.result(grid().data() * grid().tensor());
}

void PipelineRank::discard_batch(const StepContext& step) {
  engine_->discard_batch(step);
  links_.mailbox.flush();
}

std::string PipelineRank::find_not_finite(StepContext step) {
  step.check_finite = true;
  engine_->run(training_actions_, step, recorder_);
  std::string mine;
  for (const auto& stage : stages_) {
    if (mine.empty() && !stage->not_finite().empty()) {
      mine = stage->not_finite() + " (rank " + std::to_string(links_.world.rank()) + ")";
    }
  }
  const std::vector<std::string> found = links_.world.all_gather_text(mine);
  // A forward comes before every gradient that follows from it; gradients go from the last rank to
  // the first.
  for (const std::string& text : found) {
    if (text.find(", forward") != std::string::npos) return text;
  }
  for (auto text = found.rbegin(); text != found.rend(); ++text) {
    if (!text->empty()) return *text;
  }
  return "a weight gradient";
}

// Replicas that gather weights together do so in one order, whatever number of microbatches each
// has; one that has none takes part.
std::vector<Action> PipelineRank::evaluation_actions(int microbatches) const {
  const Schedule& s = layout_.schedule;
  const Schedule forward =
      lower(generate_forward_only(s.placement, s.rank_count(), s.virtual_stages,
                                  std::max(microbatches, 1), shards_parameters()));
  std::vector<Action> actions =
      shards_parameters() ? add_shard_actions(forward).ranks[place()] : forward.ranks[place()];
  if (microbatches == 0) {
    std::erase_if(actions, [](const Action& action) {
      return action.op != Op::kUnshard && action.op != Op::kReshard;
    });
  }
  return actions;
}

PipelineRank::Sums PipelineRank::evaluate(const StepContext& step) {
  if (!std::exchange(evaluated_, true)) reserve_for_evaluation(step);
  evaluation_pace_->begin(step);
  if (step.microbatches > 0 || shards_parameters()) {
    std::vector<Action>& actions = evaluation_actions_[step.microbatches];
    if (actions.empty()) actions = evaluation_actions(step.microbatches);
    engine_->run(actions, step, recorder_);
  }
  evaluation_pace_->end(step);
  Sums sums;
  for (const auto& stage : stages_) {
    if (!stage->last() || position_.tensor > 0 || step.microbatches == 0) continue;
    sums.loss = stage->loss_sum();
    sums.correct = static_cast<double>(stage->correct());
  }
  return sums;
}

}  // namespace pipetrain
