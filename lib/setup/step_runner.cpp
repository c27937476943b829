#include "setup/step_runner.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "ops/parallel.h"
#include "ops/work_log.h"
#include "schedule/limits.h"
#include "setup/run_program.h"

namespace pipetrain {
namespace {

constexpr double kClipEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

std::size_t bytes_of(const Shape& shape, DType dtype) {
  return static_cast<std::size_t>(shape.elements()) * element_bytes(dtype);
}

// Loss and gradients were divided by the number of all targets; where some do not count they are
// multiplied by this afterwards, as how many count is known to nobody before all have met. 1, and
// nothing is touched, where all count.
double scale_of_counted(const StepContext& step, std::int64_t counted) {
  const auto all = std::llround(1 / step.gradient_scale);
  if (counted == 0 || counted == all) return 1;
  return static_cast<double>(all) / static_cast<double>(counted);
}

}  // namespace

StepRunner::StepRunner(const Config& config, const Layout& layout, const Batches& batches,
                       RankState& state, const GridLinks& links, MemoryPool& pool, Mode mode)
    : config_(config),
      layout_(layout),
      batches_(batches),
      state_(state),
      map_(state.map()),
      links_(links),
      pool_(pool),
      parts_(make_replica_parts(state, links, mode)),
      recorder_(pool),
      figures_({state.index().chunks, map_.grid().size(), map_.stage_count()}) {
  // Of ranks that share a stage one speaks for all: they sum up together anyway.
  evaluation_pace_ = std::make_unique<EvaluationPace>(links_.mailbox, pool_, map_.ranks_of_stages(),
                                                      map_.last_ranks());
  std::vector<Stage*> stages;
  for (const auto& stage : state_.stages()) stages.push_back(stage.get());
  engine_ = std::make_unique<Engine>(stages, map_.ranks_of_stages(), links_.mailbox,
                                     *parts_.gradients, *parts_.weights);
  if (mode != Mode::kTrain) return;
  const Program training = training_program(config_, layout_);
  training_actions_ = training.of_rank(map_.place());
  most_sends_ = training.message_bounds()[map_.place()];
}

StepResult StepRunner::train(const StepContext& step, double learning_rate, RankNotice notice) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  engine_->run(training_actions_, step, recorder_);
  if (++steps_run_ == 2) {
    reserve_for_sends();
    malloc_trim(0);  // what building and timing layers and the first steps have left behind
  }
  StepResult result;
  recorder_.record_other("reduce", [&] { result = reduce(step, notice); });
  const double counted = scale_of_counted(step, result.targets);
  result.loss *= counted;
  result.gradient_norm *= counted;
  result.finite = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  if (!result.finite) return result;
  const double clip = config_.optimizer.clip_norm;
  const double scale = clip > 0 ? std::min(1.0, clip / (result.gradient_norm + kClipEpsilon)) : 1.0;
  update(step, learning_rate, scale * counted);
  return result;
}

void StepRunner::update(const StepContext& step, double learning_rate, double scale) {
  recorder_.record_other("update", [&] {
    const WorkScope scope(state_.ops(), [] { return WorkPlace{"optimizer", "U"}; });
    state_.optimizer().update(step.step + 1, learning_rate, scale);
  });
  if (map_.grid().data() > 1) {
    recorder_.record_other("gather", [&] {
      parts_.gradients->gather_updated();
      for (StageParameters& stage : state_.parameters().stages()) {
        if (!stage.buffers.empty()) average_over_replicas(stage.buffer_nexts.floats());
      }
    });
  }
  state_.parameters().update_buffers();
  state_.ops().weights_changed();
}

void StepRunner::average_over_replicas(std::span<float> values) {
  links_.replicas.all_reduce(values);
  const float share = 1.0f / static_cast<float>(map_.grid().data());
  for (float& value : values) value *= share;
}

// How long a send holds its tensor depends on the receiver's pace. What the first steps took plus
// all that can be under way at once is enough for ever.
void StepRunner::reserve_for_sends() {
  std::set<std::int64_t> sizes;  // of microbatches
  for (const std::int64_t number : {std::int64_t{0}, batches_.epochs().last_step()}) {
    const StepContext step = batches_.training_step(number);
    sizes.insert({step.rows_of(0), step.rows_of(step.microbatches - 1)});
  }
  for (const std::int64_t rows : sizes) {
    for (const auto& stage : state_.stages()) {
      if (!stage->last())
        pool_.reserve(bytes_of(stage->output_shape(rows), stage->output_dtype()),
                      most_sends_.forward);
      if (!stage->first())
        pool_.reserve(bytes_of(stage->input_shape(rows), stage->input_dtype()),
                      most_sends_.backward);
    }
  }
}

// The first ranks may be that many batches ahead of the last.
void StepRunner::reserve_for_evaluation(const StepContext& step) {
  for (const auto& stage : state_.stages()) {
    if (stage->last() ||
        map_.rank_of_stage(stage->index() + 1, map_.position().data) == links_.world.rank())
      continue;
    for (int m = 0; m < step.microbatches; ++m) {
      pool_.reserve(bytes_of(stage->output_shape(step.rows_of(m)), stage->output_dtype()),
                    kEvaluationBatches);
    }
  }
}

// Of each chunk of which this replica has the sum, and that no other rank of the tensor group has.
void StepRunner::fill_in_squares() {
  const WorkScope scope(state_.ops(), [] { return WorkPlace{"optimizer", "U"}; });
  for (std::size_t s = 0; s < state_.pieces().size(); ++s) {
    const float* gradients = state_.parameters().stages()[s].gradients.f32();
    for (const Piece& piece : state_.pieces()[s]) {
      if (!piece.slot->owned) continue;
      double* squares = figures_.squares(piece.slot->first_chunk + piece.first / kChunkElements);
      const std::int64_t chunks = (piece.elements + kChunkElements - 1) / kChunkElements;
      const WorkScope sums(state_.ops(), [&] {
        return vector_work("gradient norm", 2, {{gradients + piece.at, 1, piece.elements}});
      });
      parallel_ranges(chunks, 4, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t at = c * kChunkElements;
          squares[c] = state_.ops().simd().sum_squares(
              gradients + piece.at + at, std::min(kChunkElements, piece.elements - at));
        }
      });
    }
  }
}

StepResult StepRunner::reduce(const StepContext& step, RankNotice notice) {
  const int rank = links_.world.rank();
  figures_.clear();
  for (const auto& stage : state_.stages()) {
    if (stage->last() && map_.position().tensor == 0)
      figures_.set_loss(stage->loss_sum() * step.gradient_scale, stage->counted());
  }
  fill_in_squares();
  figures_.add_spans(rank, recorder_.spans());
  for (std::size_t s = 0; s < state_.stages().size(); ++s) {
    figures_.set_gather(state_.stages()[s]->index(), parts_.weights->mean_seconds(s));
  }
  const double now = wall_seconds();
  figures_.set(rank, now - step_start_, static_cast<double>(pool_.peak_bytes()), notice);
  step_start_ = now;
  links_.world.all_reduce(figures_.values());
  return figures_.result(map_.grid().data() * map_.grid().tensor());
}

void StepRunner::discard_batch(const StepContext& step) {
  engine_->discard_batch(step);
  links_.mailbox.flush();
}

std::string StepRunner::find_not_finite(StepContext step) {
  step.check_finite = true;
  engine_->run(training_actions_, step, recorder_);
  std::string mine;
  for (const auto& stage : state_.stages()) {
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

StepRunner::Sums StepRunner::evaluate(const StepContext& step) {
  if (!std::exchange(evaluated_, true)) reserve_for_evaluation(step);
  evaluation_pace_->begin(step);
  if (step.microbatches > 0 || state_.shards_parameters()) {
    std::vector<Action>& actions = evaluation_actions_[step.microbatches];
    if (actions.empty()) {
      actions = evaluation_program(config_, layout_, step.microbatches).of_rank(map_.place());
    }
    engine_->run(actions, step, recorder_);
  }
  evaluation_pace_->end(step);
  Sums sums;
  for (const auto& stage : state_.stages()) {
    if (!stage->last() || map_.position().tensor > 0 || step.microbatches == 0) continue;
    sums.loss = stage->loss_sum();
    sums.correct = static_cast<double>(stage->correct());
    sums.targets = static_cast<double>(stage->counted());
  }
  return sums;
}

}  // namespace pipetrain
