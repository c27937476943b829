#include "train/pipeline_rank.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <set>

#include "base/error.h"
#include "ops/parallel.h"
#include "pipeline/recompute.h"
#include "schedule/generate.h"
#include "schedule/lower.h"
#include "schedule/message_bounds.h"

namespace pipetrain {
namespace {

constexpr double kClipEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

// What a stage's time goes to, as StageCost has it.
constexpr std::array kStageOps = {Op::kForward, Op::kBackwardInput, Op::kBackwardWeight,
                                  Op::kRecompute};

std::size_t place_of(Op op) {
  assert(is_compute(op) && op != Op::kBackward);
  return static_cast<std::size_t>(std::find(kStageOps.begin(), kStageOps.end(), op) -
                                  kStageOps.begin());
}

// What reduce() sums over the ranks, and where; every rank fills its own places and leaves zero in
// the others.
struct SharedPlaces {
  std::size_t loss = 0, chunks = 1, busy, run, step, peak, stages, end;
  SharedPlaces(std::int64_t chunk_count, int ranks, int stage_count) {
    const auto p = static_cast<std::size_t>(ranks);
    busy = chunks + static_cast<std::size_t>(chunk_count);
    run = busy + p;
    step = run + p;
    peak = step + p;
    stages = peak + p;
    end = stages + kStageOps.size() * static_cast<std::size_t>(stage_count);
  }
};

// A rank's time, in all and in its actions, and the mean of each kind of action of each stage.
void add_spans(const std::vector<Span>& spans, const SharedPlaces& at, std::size_t rank,
               std::vector<double>& shared) {
  std::vector<int> runs(at.end - at.stages);
  for (const Span& span : spans) {
    const double seconds = span.end - span.start;
    shared[at.run + rank] = std::max(shared[at.run + rank], span.end);
    if (span.waiting) continue;
    shared[at.busy + rank] += seconds;
    const std::size_t place =
        kStageOps.size() * static_cast<std::size_t>(span.action.stage) + place_of(span.action.op);
    shared[at.stages + place] += seconds;
    ++runs[place];
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i] > 0) shared[at.stages + i] /= runs[i];
  }
}

}  // namespace

double StepResult::bubble_fraction() const {
  const double slowest = *std::max_element(run_seconds.begin(), run_seconds.end());
  const double busy = std::accumulate(busy_seconds.begin(), busy_seconds.end(), 0.0);
  return 1 - busy / (slowest * static_cast<double>(busy_seconds.size()));
}

BatchPlan batch_plan(const StepContext& step, std::int64_t pass, std::int64_t first_row) {
  BatchPlan plan{step.mode == Mode::kTrain, pass, first_row, step.parity(), {}};
  for (int m = 0; m < step.microbatches; ++m) plan.microbatch_rows.push_back(step.rows_of(m));
  return plan;
}

PipelineRank::PipelineRank(const Config& config, ModelPlan plan, Mailbox& mailbox,
                           Collective& world, MemoryPool& pool, Mode mode)
    : config_(config),
      mailbox_(mailbox),
      world_(world),
      pool_(pool),
      ops_(pool),
      layout_(choose_layout(config, plan, world)),
      epochs_{plan.training_rows, config.train.batch_size, layout_.schedule.microbatches},
      layers_(std::move(plan.layers)),
      index_(layers_),
      target_row_(layers_.back()->output_row().without_last()) {
  build_stages(mode);
  if (mode != Mode::kTrain) return;
  training_actions_ = lowered().ranks[static_cast<std::size_t>(mailbox_.rank())];
  store_->initialize_values(config_.train.seed);
  build_optimizer();
}

int PipelineRank::rank_of_stage(int stage) const {
  const Schedule& s = layout_.schedule;
  return pipetrain::rank_of_stage(s.placement, s.rank_count(), s.virtual_stages, stage);
}

std::vector<int> PipelineRank::local_stages() const {
  const Schedule& s = layout_.schedule;
  return stages_of_rank(s.placement, s.rank_count(), s.virtual_stages, mailbox_.rank());
}

Schedule PipelineRank::lowered() const {
  return lower(
      add_recompute(layout_.schedule, recomputing_stages(layout_.recomputed, layout_.partition)));
}

void PipelineRank::build_stages(Mode mode) {
  const int layers = static_cast<int>(layers_.size());
  std::vector<ParameterStore::LocalStage> locals;
  std::vector<Stage*> stages;
  for (const int s : local_stages()) {
    const auto next = static_cast<std::size_t>(s) + 1;
    const int first = layout_.partition[static_cast<std::size_t>(s)];
    const int end = next < layout_.partition.size() ? layout_.partition[next] : layers;
    std::vector<Layer*> mine;
    for (int i = first; i < end; ++i) mine.push_back(layers_[static_cast<std::size_t>(i)].get());
    const auto mask = layout_.recomputed.begin();
    stages_.push_back(std::make_unique<Stage>(s, mine, s + 1 == stage_count(), ops_,
                                              std::vector<bool>(mask + first, mask + end)));
    stages.push_back(stages_.back().get());
    locals.push_back({s, std::move(mine)});
  }
  store_ = std::make_unique<ParameterStore>(pool_, index_, locals,
                                            stage_of_layers(layout_.partition, layers), mode);
  reducer_ = std::make_unique<GradientReducer>(*store_, mailbox_, ops_,
                                               [this](int stage) { return rank_of_stage(stage); });
  std::vector<int> ranks;
  for (int s = 0; s < stage_count(); ++s) ranks.push_back(rank_of_stage(s));
  engine_ = std::make_unique<Engine>(stages, ranks, mailbox_, *reducer_);
}

void PipelineRank::build_optimizer() {
  std::vector<FlatParameters> buffers;
  for (StageParameters& stage : store_->stages()) {
    FlatParameters flat{stage.values.f32(), stage.gradients.f32(), stage.values.elements(), {}};
    for (const ParameterSlot& slot : stage.slots) {
      flat.parts.push_back({slot.offset, slot.elements, slot.parameter->decays()});
    }
    buffers.push_back(std::move(flat));
  }
  optimizer_ = make_optimizer(config_.optimizer, std::move(buffers), ops_);
}

StepContext PipelineRank::training_step(std::int64_t step) const {
  const std::int64_t rows = epochs_.at(step).rows;
  return {.mode = Mode::kTrain,
          .step = step,
          .rows = rows,
          .microbatches = layout_.schedule.microbatches,
          .seed = config_.train.seed,
          .gradient_scale = 1.0 / static_cast<double>(rows * targets_per_row())};
}

StepContext PipelineRank::evaluation_step(std::int64_t batch, std::int64_t rows) const {
  const std::int64_t microbatches = std::min<std::int64_t>(rows, layout_.schedule.microbatches);
  return {.mode = Mode::kEvaluate,
          .step = batch,
          .rows = rows,
          .microbatches = static_cast<int>(microbatches)};
}

BatchPlan PipelineRank::batch_plan(const StepContext& step, std::int64_t first_row) const {
  if (step.mode != Mode::kTrain) return pipetrain::batch_plan(step, 0, first_row);
  const StepRows rows = epochs_.at(step.step);
  return pipetrain::batch_plan(step, rows.pass, rows.first_row);
}

StepResult PipelineRank::train(const StepContext& step, double learning_rate) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  engine_->run(training_actions_, step, recorder_);
  if (++steps_run_ == 2) reserve_for_sends();
  StepResult result;
  recorder_.record_other("reduce", [&] { result = reduce(step); });
  result.finite = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  if (!result.finite) return result;
  const double clip = config_.optimizer.clip_norm;
  const double scale = clip > 0 ? std::min(1.0, clip / (result.gradient_norm + kClipEpsilon)) : 1.0;
  recorder_.record_other("update",
                         [&] { optimizer_->update(step.step + 1, learning_rate, scale); });
  store_->update_buffers();
  ops_.weights_changed();
  return result;
}

// How long a send holds its tensor depends on the receiver's pace. What the first steps took plus
// all that can be under way at once is enough for ever.
void PipelineRank::reserve_for_sends() {
  const MessageBound bound =
      max_outstanding_sends(lowered())[static_cast<std::size_t>(mailbox_.rank())];
  std::set<std::int64_t> sizes;  // of microbatches
  for (const std::int64_t number : {std::int64_t{0}, epochs_.last_step()}) {
    const StepContext step = training_step(number);
    sizes.insert({step.rows_of(0), step.rows_of(step.microbatches - 1)});
  }
  for (const std::int64_t rows : sizes) {
    for (const auto& stage : stages_) {
      if (!stage->last())
        pool_.reserve(4 * static_cast<std::size_t>(stage->output_shape(rows).elements()),
                      bound.forward);
      if (!stage->first())
        pool_.reserve(4 * static_cast<std::size_t>(stage->input_shape(rows).elements()),
                      bound.backward);
    }
  }
}

StepResult PipelineRank::reduce(const StepContext& step) {
  const Schedule& schedule = layout_.schedule;
  const SharedPlaces at(index_.chunks, schedule.rank_count(), stage_count());
  const auto rank = static_cast<std::size_t>(mailbox_.rank());
  shared_.assign(at.end, 0.0);
  for (const auto& stage : stages_) {
    if (stage->last()) shared_[at.loss] = stage->loss_sum() * step.gradient_scale;
  }
  for (const StageParameters& stage : store_->stages()) {
    for (const ParameterSlot& slot : stage.slots) {
      if (!slot.owned) continue;
      const std::int64_t chunks = (slot.elements + kChunkElements - 1) / kChunkElements;
      parallel_ranges(chunks, 4, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t c = begin; c < end; ++c) {
          const std::int64_t first = c * kChunkElements;
          shared_[at.chunks + static_cast<std::size_t>(slot.first_chunk + c)] =
              ops_.simd().sum_squares(stage.gradients.f32() + slot.offset + first,
                                      std::min(kChunkElements, slot.elements - first));
        }
      });
    }
  }
  add_spans(recorder_.spans(), at, rank, shared_);
  shared_[at.peak + rank] = static_cast<double>(pool_.peak_bytes());
  const double now = wall_seconds();
  shared_[at.step + rank] = now - step_start_;
  step_start_ = now;
  world_.all_reduce(std::span<double>(shared_));

  auto list = [&](std::size_t first) {
    const auto begin = shared_.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector<double>(begin, begin + schedule.rank_count());
  };
  StepResult result;
  result.loss = shared_[at.loss];
  double squares = 0;
  for (std::size_t c = at.chunks; c < at.busy; ++c) squares += shared_[c];
  result.gradient_norm = std::sqrt(squares);
  result.busy_seconds = list(at.busy);
  result.run_seconds = list(at.run);
  result.peak_bytes = list(at.peak);
  const std::vector<double> steps = list(at.step);
  result.step_seconds = *std::max_element(steps.begin(), steps.end());
  for (std::size_t s = at.stages; s < at.end; s += kStageOps.size()) {
    result.stage_seconds.push_back({shared_[s], shared_[s + 1], shared_[s + 2], shared_[s + 3]});
  }
  return result;
}

std::string PipelineRank::find_not_finite(StepContext step) {
  step.check_finite = true;
  engine_->run(training_actions_, step, recorder_);
  std::string mine;
  for (const auto& stage : stages_) {
    if (mine.empty() && !stage->not_finite().empty()) {
      mine = stage->not_finite() + " (rank " + std::to_string(mailbox_.rank()) + ")";
    }
  }
  const std::vector<std::string> found = world_.all_gather_text(mine);
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

PipelineRank::Sums PipelineRank::evaluate(const StepContext& step) {
  const Schedule& s = layout_.schedule;
  std::vector<Action>& actions = evaluation_actions_[step.microbatches];
  if (actions.empty()) {
    const Schedule forward =
        generate_forward_only(s.placement, s.rank_count(), s.virtual_stages, step.microbatches);
    actions = lower(forward).ranks[static_cast<std::size_t>(mailbox_.rank())];
  }
  engine_->run(actions, step, recorder_);
  Sums sums;
  for (const auto& stage : stages_) {
    if (!stage->last()) continue;
    sums.loss = stage->loss_sum();
    sums.correct = static_cast<double>(stage->correct());
  }
  return sums;
}

}  // namespace pipetrain
