#include "emulate/emulated_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "emulate/delayed_mailbox.h"
#include "pipeline/vocabulary_loss.h"
#include "setup/batches.h"

namespace pipetrain {
namespace {

// The model's ends are as small as can be: a row of one token for each slice goes in, and the loss
// is over two classes.
constexpr int kVocabulary = 2;

bool cuts_embedding(const Program& program) {
  return std::ranges::any_of(program.of_rank(0),
                             [](const Action& action) { return is_of_embedding(action.op); });
}

// What stages hand on. Pieces of an embedding tell tokens from their entries: a row is one token.
Shape message_row(const Schedule& schedule, std::int64_t message_bytes) {
  const std::int64_t slice_bytes =
      std::max(message_bytes / schedule.slices, DelayedMailbox::kLeastBytes);
  const bool has_tokens = schedule.slices > 1 || schedule.cuts_vocabulary();
  return has_tokens ? Shape{1, slice_bytes / 4} : Shape{message_bytes / 4};
}

WaitStageShape shape_of(int stage, const Schedule& schedule, bool looks_up,
                        std::int64_t message_bytes) {
  const Shape message = message_row(schedule, message_bytes);
  WaitStageShape shape{DType::kFloat32, message, message, message};
  if (stage == 0 && !looks_up) {
    shape.input_dtype = DType::kInt32;
    shape.input_row = {schedule.slices};
  }
  const bool last = stage + 1 == schedule.stage_count();
  if (last && !schedule.cuts_vocabulary()) shape.output_row = {1, kVocabulary};
  return shape;
}

// A token each.
SequenceSlices slices_of(const Schedule& schedule) {
  if (schedule.slices == 1) return {};
  std::vector<std::int64_t> bounds;
  for (int token = 0; token <= schedule.slices; ++token) bounds.push_back(token);
  return SequenceSlices(std::move(bounds));
}

// Of a piece of the vocabulary. Where pieces wait twice, T begins with its part of the gradient.
WaitStageShape piece_shape(const Shape& message, bool twice) {
  const Shape x = message.batched(1);
  return {.input_row = message,
          .message_row = message,
          .output_row = twice ? statistics_shape_of(x) : piece_result_shape(x, Mode::kTrain),
          .returns_gradient = twice};
}

WaitStageShape embedding_shape(const Shape& row) {
  return {.input_row = row, .message_row = row, .output_row = row, .returns_gradient = false};
}

// Where the coordinator sends inputs and targets: every piece of the vocabulary needs targets, and
// of the embedding inputs.
PipelineEnds ends_of(const Schedule& schedule, bool looks_up, int copy) {
  const Placement& placement = schedule.placement;
  PipelineEnds ends{{placement.rank_of(0, copy)},
                    {placement.rank_of(placement.stage_count() - 1, copy)}};
  if (!schedule.cuts_vocabulary()) return ends;
  ends.last_ranks.resize(schedule.ranks.size());
  std::iota(ends.last_ranks.begin(), ends.last_ranks.end(), 0);
  if (looks_up) ends.first_ranks = ends.last_ranks;
  return ends;
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

Program emulated_program(const Schedule& schedule, const Costs& costs) {
  Features features = features_of(costs);
  features.cuts_embedding = schedule.cuts_vocabulary();
  return program_of(schedule, features);
}

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
    std::vector<PipelineEnds> ends;
    ends.reserve(static_cast<std::size_t>(copies_));
    for (int copy = 0; copy < copies_; ++copy) {
      ends.push_back(ends_of(program.actions, cuts_embedding(program), copy));
    }
    coordinator_ = std::make_unique<Coordinator>(source_, mailbox, pool, std::move(ends),
                                                 placement.stage_count() - 1);
  }
  for (int lane = 0; lane < lanes; ++lane) {
    engines_.push_back(std::make_unique<Engine>(
        add_stages(program, costs_of_slice(costs, slices_.count()), message_bytes, mailbox.rank()),
        routes_on(placement, mailbox.rank(), program.actions.vocabulary, cuts_embedding(program)),
        mailbox, reducer_, weights_, &ops_));
  }
}

std::vector<Stage*> EmulatedRank::add_stages(const Program& program, const Costs& costs,
                                             std::int64_t message_bytes, int rank) {
  const Schedule& schedule = program.actions;
  const int count = schedule.stage_count();
  const bool looks_up = cuts_embedding(program);
  std::vector<Stage*> mine;
  for (const int s : schedule.placement.stages_of(rank)) {
    const StageCost& cost = costs.stages[static_cast<std::size_t>(s)];
    const bool ends = s + 1 == count && !schedule.cuts_vocabulary();
    mine.push_back(add_stage(s, shape_of(s, schedule, looks_up, message_bytes), cost, ends));
  }
  if (looks_up) {
    const int number = count + schedule.rank_count() + rank;
    mine.push_back(add_stage(number, embedding_shape(message_row(schedule, message_bytes)), {},
                             /*ends=*/false));
  }
  if (schedule.cuts_vocabulary()) {
    const PieceCost& piece = costs.pieces[static_cast<std::size_t>(rank)];
    const bool twice = schedule.has_two_barriers();
    const double weights =
        result_leaves_before_end({Op::kVocabularyBackward, rank, 0}, schedule, costs);
    const StageCost cost{.forward = piece.forward,
                         .backward_input = twice ? piece.backward - weights : 0,
                         .backward_weight = twice ? weights : piece.backward};
    const Shape message = message_row(schedule, message_bytes);
    mine.push_back(add_stage(count + rank, piece_shape(message, twice), cost, /*ends=*/false));
  }
  return mine;
}

Stage* EmulatedRank::add_stage(int number, const WaitStageShape& shape, const StageCost& cost,
                               bool ends) {
  auto layers = wait_layers(shape, cost);
  RecomputedLayers recomputed = recomputed_layers(cost, layers.size());
  std::vector<Layer*> in_stage;
  for (auto& layer : layers) {
    in_stage.push_back(layer.get());
    layers_.push_back(std::move(layer));
  }
  stages_.push_back(
      std::make_unique<Stage>(number, std::move(in_stage), ends, ops_, std::move(recomputed)));
  return stages_.back().get();
}

std::vector<Engine*> EmulatedRank::engines() {
  std::vector<Engine*> all;
  all.reserve(engines_.size());
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
