#include "emulate/emulated_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "emulate/delayed_mailbox.h"
#include "emulate/wait_layer.h"
#include "setup/batches.h"

namespace pipetrain {
namespace {

// The model's ends are as small as can be: a row of one token for each slice goes in, and the loss
// is over two classes.
constexpr int kVocabulary = 2;

WaitStageShape shape_of(int stage, const Schedule& schedule, std::int64_t message_bytes) {
  const std::int64_t slice_bytes =
      std::max(message_bytes / schedule.slices, DelayedMailbox::kLeastBytes);
  const Shape message = schedule.slices > 1 ? Shape{1, slice_bytes / 4} : Shape{message_bytes / 4};
  WaitStageShape shape{DType::kFloat32, message, message, message};
  if (stage == 0) {
    shape.input_dtype = DType::kInt32;
    shape.input_row = {schedule.slices};
  }
  if (stage + 1 == schedule.stage_count()) shape.output_row = {1, kVocabulary};
  return shape;
}

// A token each.
SequenceSlices slices_of(const Schedule& schedule) {
  if (schedule.slices == 1) return {};
  std::vector<std::int64_t> bounds;
  for (int token = 0; token <= schedule.slices; ++token) bounds.push_back(token);
  return SequenceSlices(std::move(bounds));
}

// The first layers of a stage: they run their part of the forward again.
RecomputedLayers recomputed_layers(const StageCost& stage, std::size_t layers) {
  RecomputedLayers recomputed(layers);
  if (stage.recompute == 0) return recomputed;
  const double share = std::min(1.0, stage.recompute / stage.forward);
  const auto count = std::lround(share * static_cast<double>(layers));
  std::fill_n(recomputed.begin(), std::max(count, 1L), Recomputed{.whole = true});
  return recomputed;
}

}  // namespace

EmulatedRank::EmulatedRank(const Program& program, const Costs& costs, std::int64_t message_bytes,
                           Mailbox& mailbox, MemoryPool& pool, int lanes)
    : microbatches_(program.actions.microbatches),
      copies_(program.actions.placement.copies()),
      slices_(slices_of(program.actions)),
      actions_(program.of_rank(static_cast<std::size_t>(mailbox.rank()))),
      ops_(pool),
      no_parameters_(pool, ParameterIndex({}), {}),
      reducer_({no_parameters_, mailbox, ops_, [](int, int) { return 0; }}),
      source_({.sequence_length = program.actions.slices,
               .vocabulary = kVocabulary,
               .validate = false}),
      recorder_(pool) {
  const Placement& placement = program.actions.placement;
  if (mailbox.rank() == 0) {
    const int last = placement.stage_count() - 1;
    std::vector<PipelineEnds> ends;
    for (int copy = 0; copy < copies_; ++copy) {
      ends.push_back({{placement.rank_of(0, copy)}, {placement.rank_of(last, copy)}});
    }
    coordinator_ = std::make_unique<Coordinator>(source_, mailbox, pool, std::move(ends), last);
  }
  for (int lane = 0; lane < lanes; ++lane) {
    engines_.push_back(std::make_unique<Engine>(
        add_stages(program, costs_of_slice(costs, slices_.count()), message_bytes, mailbox.rank()),
        routes_on(placement, mailbox.rank()), mailbox, reducer_, weights_));
  }
}

std::vector<Stage*> EmulatedRank::add_stages(const Program& program, const Costs& costs,
                                             std::int64_t message_bytes, int rank) {
  const Schedule& schedule = program.actions;
  const int count = schedule.stage_count();
  std::vector<Stage*> mine;
  for (const int s : schedule.placement.stages_of(rank)) {
    const StageCost& cost = costs.stages[static_cast<std::size_t>(s)];
    auto layers = wait_layers(shape_of(s, schedule, message_bytes), cost);
    RecomputedLayers recomputed = recomputed_layers(cost, layers.size());
    std::vector<Layer*> in_stage;
    for (auto& layer : layers) {
      in_stage.push_back(layer.get());
      layers_.push_back(std::move(layer));
    }
    stages_.push_back(std::make_unique<Stage>(s, std::move(in_stage), s + 1 == count, ops_,
                                              std::move(recomputed)));
    mine.push_back(stages_.back().get());
  }
  return mine;
}

std::vector<Engine*> EmulatedRank::engines() {
  std::vector<Engine*> all;
  for (const auto& engine : engines_) all.push_back(engine.get());
  return all;
}

StepContext EmulatedRank::context(std::int64_t step) const {
  return {.mode = Mode::kTrain,
          .step = step,
          .rows = microbatches_,
          .microbatches = microbatches_,
          .copies = copies_,
          .gradient_scale = 1.0 / microbatches_,
          .slices = slices_};
}

void EmulatedRank::feed(std::int64_t step) {
  engines_[0]->expect_batch(context(step), {slices_.count()});
  if (coordinator_)
    coordinator_->feed({.pass = step,
                        .parity = context(step).parity(),
                        .microbatch_rows = {microbatch_rows(context(step))},
                        .copies = microbatch_copies(context(step))});
}

void EmulatedRank::run(std::int64_t step) { engines_[0]->run(actions_, context(step), recorder_); }

}  // namespace pipetrain
