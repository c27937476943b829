// Steps that follow each other without a flush.
#include <memory>
#include <utility>
#include <vector>

#include "schedule/provisional.h"
#include "setup/step_runner.h"

namespace pipetrain {

void StepRunner::set_up_overlap(Program program) {
  const Costs costs = layout_.layer_costs.empty() ? equal_costs(layout_.schedule, 1, 1, 1)
                                                  : costs_of(layout_, layout_.partition);
  overlap_ = overlap_steps(program, costs);
  following_program_ = std::move(program);
  std::vector<Engine*> engines;
  engines.reserve(lanes_.size());
  for (const Lane& lane : lanes_) engines.push_back(lane.engine.get());
  overlapped_ =
      std::make_unique<OverlappedRun>(training_actions_, overlap_[map_.place()], engines,
                                      [this](const StepContext& step, Engine&) { close(step); });
  set_up_sum();
}

void StepRunner::set_up_sum() {
  Lane& lane = lanes_.front();
  sum_ = std::make_unique<GatheredSum>(
      links_.world,
      lane.figures.entries_of(links_.world.rank(), map_.local_stages(), lane.state.own_chunks()));
}

void StepRunner::run_overlapped(const StepContext& step, RankNotice notice) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  leave_version_behind();
  notice_ = notice;
  overlapped_->run(step, recorder_);
  settle_memory();
  Lane& lane = lane_of(step);
  begin_figures(lane);
  note_spans(lane);
}

void StepRunner::finish_overlapped(RankNotice notice) {
  notice_ = notice;
  finishing_ = true;
  overlapped_->finish(recorder_);
  finishing_ = false;
}

void StepRunner::close(const StepContext& step) {
  Lane& lane = lane_of(step);
  lane.engine->finish(step, recorder_);
  if (finishing_) note_spans(lane);
  fill_in(lane, step, notice_);
  sum_->start(lane.figures.values());
}

StepResult StepRunner::settle(const StepContext& step) {
  Lane& lane = lane_of(step);
  recorder_.record_other("reduce", [&] { sum_->take(lane.figures.values()); });
  return result_of(lane, step);
}

// Post-validation (Qi et al. 2024, arXiv 2401.10241, section 4): a rank updates as if nothing were
// clipped and all finite, and goes on with the next step's first forwards. Before its first
// backward all ranks have ended the step before, so its norm is known, and an update that does not
// agree with it is taken back.
void StepRunner::set_up_early(Program program) {
  ProvisionalPart part = provisional_parts(program)[map_.place()];
  following_program_ = std::move(program);
  Lane& lane = lanes_.front();
  early_ = std::make_unique<ProvisionalRun>(training_actions_, std::move(part), *lane.engine);
  overwritten_ = std::make_unique<TensorCopies>(pool_, lane.state.overwritten_by_update());
  set_up_sum();
}

void StepRunner::run_early(const StepContext& step) {
  if (step_start_ == 0) step_start_ = wall_seconds();
  early_->begin(step, recorder_);
}

void StepRunner::run_to_end(const StepContext& step, RankNotice notice) {
  averaged_ = false;
  early_->finish(step, recorder_);
  settle_memory();
  Lane& lane = lanes_.front();
  begin_figures(lane);
  note_spans(lane);
  fill_in(lane, step, notice);
  sum_->start(lane.figures.values());
}

void StepRunner::update_early(const StepContext& step, double learning_rate) {
  recorder_.record_other("update", [&] { overwritten_->save(); });
  update(step, learning_rate, /*scale=*/1);
}

bool StepRunner::stands(const StepContext& step, const StepResult& result) {
  stood_ = result.finite && result.lost == 0 && update_scale(step, result) == 1;
  return stood_;
}

void StepRunner::take_back(const StepContext& step) {
  early_->take_back(step);
  overwritten_->restore();
  averaged_ = true;
  lanes_.front().state.ops().weights_changed();
  links_.world.barrier();
}

void StepRunner::run_again(const StepContext& step) { early_->again(step, recorder_); }

}  // namespace pipetrain
