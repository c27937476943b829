#include "setup/step_runner.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "ops/work_log.h"
#include "pipeline/partition.h"
#include "setup/run_program.h"

namespace pipetrain {
namespace {

constexpr double kClipEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

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
                       RankVersions& versions, const GridLinks& links, MemoryPool& pool, Mode mode)
    : config_(config),
      layout_(layout),
      batches_(batches),
      versions_(versions),
      map_(versions.newest().map()),
      links_(links),
      pool_(pool),
      recorder_(pool) {
  // Of ranks that share a stage one speaks for all: they sum up together anyway.
  evaluation_pace_ = std::make_unique<EvaluationPace>(links_.mailbox, pool_, map_.ranks_of_stages(),
                                                      map_.last_ranks());
  for (std::size_t v = 0; v < versions_.count(); ++v) {
    RankState& state = versions_[v];
    std::vector<Stage*> stages;
    for (const auto& stage : state.stages()) stages.push_back(stage.get());
    ReplicaParts parts = make_replica_parts(state, links, mode, versions_.delayed());
    auto engine = std::make_unique<Engine>(stages, map_.routes(), links_.mailbox, *parts.gradients,
                                           *parts.weights, &state.ops());
    lanes_.push_back({state, std::move(parts), std::move(engine),
                      StepFigures({state.index().chunks, map_.grid().size(), map_.stage_count()})});
  }
  if (mode != Mode::kTrain) return;
  Program training = training_program(config_, layout_);
  training_actions_ = training.of_rank(map_.place());
  most_sends_ = training.message_bounds()[map_.place()];
  if (map_.grid().pipeline() == 1) return;
  if (versions_.delayed()) {
    set_up_overlap(std::move(training));
  } else if (config_.pipeline.post_validation) {
    set_up_early(std::move(training));
  }
}

double StepRunner::predicted_bubble(const Costs& costs) const {
  if (updates_early()) {
    return steady_step(following_program_, costs, StepRule::kPostValidation).bubble_fraction();
  }
  if (!overlaps()) return simulate(layout_.schedule, costs).bubble_fraction();
  return steady_step(following_program_, costs, StepRule::kDelayed, overlap_).bubble_fraction();
}

StepRunner::Lane& StepRunner::lane_of(const StepContext& step) {
  return lanes_[step.mode == Mode::kTrain ? versions_.number_of(step.step)
                                          : versions_.newest_number()];
}

double StepRunner::take_peak_live_microbatches() {
  double most = 0;
  for (const Lane& lane : lanes_) most = std::max(most, lane.engine->take_peak_live_microbatches());
  return most;
}

StepResult StepRunner::train(const StepContext& step, double learning_rate, RankNotice notice) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  leave_version_behind();
  lane_of(step).engine->run(training_actions_, step, recorder_);
  settle_memory();
  StepResult result;
  recorder_.record_other("reduce", [&] { result = reduce(step, notice); });
  update_after(step, result, learning_rate);
  return result;
}

void StepRunner::settle_memory() {
  if (++steps_run_ != 2) return;
  reserve_for_sends();
  malloc_trim(0);  // what building and timing layers and the first steps have left behind
}

// As late as can be, since find_not_finite() looks at the weights that the step ran on; but before
// another update, which would come into the copy.
void StepRunner::leave_version_behind() {
  const auto skipped = std::exchange(skipped_, {});
  if (skipped && versions_.delayed()) versions_.skip_update(*skipped);
}

void StepRunner::update_after(const StepContext& step, const StepResult& result,
                              double learning_rate) {
  leave_version_behind();
  if (!result.finite) {
    skipped_ = step.step;
    return;
  }
  update(step, learning_rate, update_scale(step, result));
}

double StepRunner::update_scale(const StepContext& step, const StepResult& result) const {
  const double clip = config_.optimizer.clip_norm;
  const double scale = clip > 0 ? std::min(1.0, clip / (result.gradient_norm + kClipEpsilon)) : 1.0;
  return scale * scale_of_counted(step, result.targets);
}

void StepRunner::update(const StepContext& step, double learning_rate, double scale) {
  const Lane& lane = lane_of(step);
  RankState& state = lane.state;
  recorder_.record_other("update", [&] {
    const WorkScope scope(state.ops(), [] { return WorkPlace{"optimizer", "U"}; });
    versions_.begin_update(step.step);
    state.optimizer().update(step.step + 1, learning_rate, scale);
  });
  if (map_.replicas() > 1) {
    recorder_.record_other("gather", [&] {
      lane.parts.gradients->gather_updated();
      if (averaged_) return;
      for (StageParameters& stage : state.parameters().stages()) {
        if (!stage.buffers.empty()) average_over_replicas(stage.buffer_nexts.floats());
      }
    });
  }
  state.parameters().update_buffers();
  state.ops().weights_changed();
}

void StepRunner::average_over_replicas(std::span<float> values) {
  links_.replicas.all_reduce(values);
  const float share = 1.0f / static_cast<float>(map_.replicas());
  for (float& value : values) value *= share;
}

// What the first steps took plus all that can be under way at once is enough for ever.
void StepRunner::reserve_for_sends() {
  const std::size_t before = pool_.reserved_bytes();
  std::set<std::int64_t> sizes;  // of microbatches
  for (const std::int64_t number : {std::int64_t{0}, batches_.epochs().last_step()}) {
    const StepContext step = batches_.training_step(number);
    sizes.insert({step.rows_of(0), step.rows_of(step.microbatches - 1)});
  }
  lanes_.front().state.reserve_for_sends(sizes, batches_.training_step(0), most_sends_);
  sends_bytes_ = static_cast<std::int64_t>(pool_.reserved_bytes() - before);
}

// What gradients are summed in counts as messages, as in the forecast.
StepRunner::Rooms StepRunner::rooms() const {
  Rooms rooms{.sends = sends_bytes_};
  if (overwritten_) rooms.overwritten = overwritten_->block_bytes();
  for (const Lane& lane : lanes_) {
    rooms.gathered += lane.parts.gathered_bytes;
    rooms.gradients += lane.parts.gradients->room_bytes();
  }
  return rooms;
}

void StepRunner::begin_figures(Lane& lane) {
  lane.figures.clear();
  lane.step_seconds = 0;
}

// What the recorder has of this step, and how long it took.
void StepRunner::note_spans(Lane& lane) {
  lane.figures.add_spans(links_.world.rank(), recorder_.spans());
  for (std::size_t s = 0; s < lane.state.stages().size(); ++s) {
    const Stage& stage = *lane.state.stages()[s];
    if (!lane.state.is_piece(stage))
      lane.figures.set_gather(stage.index(), lane.parts.weights->mean_seconds(s));
  }
  const double now = wall_seconds();
  lane.step_seconds += now - step_start_;
  step_start_ = now;
}

void StepRunner::fill_in(Lane& lane, const StepContext& step, RankNotice notice) {
  if (const auto sums = sums_of(lane)) {
    lane.figures.set_loss(sums->loss * step.gradient_scale, std::llround(sums->targets));
  }
  lane.state.sum_squares(lane.figures);
  lane.figures.set(links_.world.rank(), lane.step_seconds, static_cast<double>(pool_.peak_bytes()),
                   notice);
}

StepResult StepRunner::result_of(const Lane& lane, const StepContext& step) {
  StepResult result = lane.figures.result(map_.replicas() * map_.grid().tensor());
  const double counted = scale_of_counted(step, result.targets);
  result.loss *= counted;
  result.gradient_norm *= counted;
  result.finite = std::isfinite(result.loss) && std::isfinite(result.gradient_norm);
  return result;
}

StepResult StepRunner::reduce(const StepContext& step, RankNotice notice) {
  Lane& lane = lane_of(step);
  begin_figures(lane);
  note_spans(lane);
  fill_in(lane, step, notice);
  links_.world.all_reduce(lane.figures.values());
  return result_of(lane, step);
}

void StepRunner::discard_batch(const StepContext& step) {
  lanes_.front().engine->discard_batch(step);
  links_.mailbox.flush();
}

std::string StepRunner::find_not_finite(StepContext step) {
  step.check_finite = true;
  const Lane& lane = lane_of(step);
  lane.engine->run(training_actions_, step, recorder_);
  std::vector<NotFinite> mine;
  for (const auto& stage : lane.state.stages()) {
    const std::string& text = stage->not_finite();
    if (text.empty()) continue;
    mine.push_back({stage->index(), text.find(", forward") != std::string::npos,
                    text + " (rank " + std::to_string(links_.world.rank()) + ")"});
  }
  forget_recorded();  // it is no step
  return first_not_finite(links_.world.all_gather_text(not_finite_text(mine)));
}

StepRunner::Sums StepRunner::evaluate(const StepContext& step) {
  if (!std::exchange(evaluated_, true)) lanes_.front().state.reserve_for_evaluation(step);
  const Lane& lane = lane_of(step);
  evaluation_pace_->begin(step);
  if (step.microbatches > 0 || lane.state.shards_parameters()) {
    std::vector<Action>& actions = evaluation_actions_[step.microbatches];
    if (actions.empty()) {
      actions = evaluation_program(config_, layout_, step.microbatches).of_rank(map_.place());
    }
    lane.engine->run(actions, step, recorder_);
  }
  evaluation_pace_->end(step);
  return step.microbatches > 0 ? sums_of(lane).value_or(Sums()) : Sums();
}

std::optional<StepRunner::Sums> StepRunner::sums_of(const Lane& lane) const {
  const auto sums = [](const auto& of) {
    return Sums{of.loss_sum(), static_cast<double>(of.correct()),
                static_cast<double>(of.counted())};
  };
  if (const VocabularyLoss* loss = lane.engine->vocabulary_loss()) return sums(*loss);
  for (const auto& stage : lane.state.stages()) {
    if (stage->last() && map_.position().tensor == 0) return sums(*stage);
  }
  return std::nullopt;
}

}  // namespace pipetrain
