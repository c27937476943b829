#include "plan/rank_walk.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/index.h"
#include "schedule/limits.h"
#include "schedule/neighbours.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kNormBytes = 8;

}  // namespace

RankWalk::RankWalk(const MemoryCase& plan, int rank, BlockTally& tally)
    : plan_(plan),
      schedule_((plan.training != nullptr ? plan.training : plan.evaluation)->actions),
      rank_(rank),
      tally_(tally),
      pieces_{schedule_,        plan.piece,        plan.model,
              plan.larger_rows, plan.smaller_rows, plan.larger_count} {
  prepared_ = prepared(plan.stages);
  if (plan.slices == nullptr) return;
  for (const std::vector<StageSizes>& slice : *plan.slices) {
    prepared_slices_.push_back(prepared(slice));
  }
}

RankMemory RankWalk::run(const std::vector<Action>& actions, const RankParameters& parameters,
                         const MessageBound& bound) {
  RankMemory memory;
  for (const auto& [stage, uses] : prepared_) {
    const Blocks& kept = plan_.stages[stage].larger.kept;
    for (int v = 0; v < plan_.versions; ++v) tally_.run(tally_.prepare({kept, kept}));
  }
  memory.packed = tally_.used();
  take_parameters(parameters, memory);
  take_batches(2, schedule_);
  const std::int64_t lasting = tally_.used();
  memory.messages = lasting - memory.steps();
  memory.activations = step(actions) - lasting;
  memory.work = tally_.reserved() - memory.steps();
  memory.messages += reserved_for_sends(bound);
  return memory;
}

std::int64_t RankWalk::short_step(const std::vector<Action>& actions, const MessageBound& bound) {
  const std::int64_t before = tally_.reserved();
  take_batches(1, schedule_);
  step(actions);
  return tally_.reserved() - before + reserved_for_sends(bound);
}

std::int64_t RankWalk::evaluate(const std::vector<Action>& actions, int batches) {
  const std::int64_t before = tally_.reserved();
  const Schedule& forwards = plan_.evaluation->actions;
  take_batches(batches, forwards);
  for (int batch = 0; batch < batches; ++batch) {
    for (const Action& action : actions) {
      pieces_.evaluate(action, tally_);
      if (action.op == Op::kForward) {
        tally_.run(uses(prepared_, action).evaluation);
      } else if (action.op == Op::kReceiveForward &&
                 rank_of_stage(forwards, action.stage - 1, action.microbatch) != rank_) {
        tally_.take(block(profile(plan_.stages, action).input_bytes));
      }
    }
  }
  return tally_.reserved() - before;
}

RankWalk::StageUses RankWalk::prepared(const std::vector<StageSizes>& stages) {
  StageUses uses;
  for (const int stage : schedule_.placement.stages_of(rank_)) {
    const std::size_t s = index(stage);
    uses[s] = {prepare(stages[s].larger), prepare(stages[s].smaller)};
  }
  return uses;
}

RankWalk::Prepared RankWalk::prepare(const StageProfile& stage) {
  const auto use = [&](const MemoryUse& of_stage) { return tally_.prepare(of_stage); };
  return {{use(stage.forward), use(stage.forgetting_forward)},
          {use(stage.backward_input), use(stage.remaking_backward_input)},
          {use(stage.backward), use(stage.remaking_backward)},
          use(stage.recompute),
          use(stage.backward_weight),
          use(stage.evaluation)};
}

std::int64_t RankWalk::step(const std::vector<Action>& actions) {
  const std::vector<bool> apart = apart_cells(schedule_, actions);
  std::int64_t most = tally_.used();
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const Action& action = actions[i];
    if (pieces_.run(action, tally_)) continue;
    if (is_compute(action.op)) {
      const bool joined = is_joined(actions, i);
      if (action.op == Op::kForward) cut_slice(action);
      tally_.run(use_of(action, apart[cell(schedule_, action)], joined));
      if (joined) ++i;  // its W
    } else {
      message(action);
    }
    most = std::max(most, tally_.used());
  }
  for (std::int64_t& sending : sending_) {
    if (sending > 0) tally_.take(std::exchange(sending, 0), -1);
  }
  pieces_.end_step(tally_);
  return most;
}

// A slice takes its part of what the coordinator has sent, the last one instead of the whole.
// Ids and targets are of one size.
void RankWalk::cut_slice(const Action& action) {
  if (plan_.slices == nullptr) return;
  const ModelProfile& model = plan_.model;
  const std::int64_t rows = is_larger(action.microbatch) ? plan_.larger_rows : plan_.smaller_rows;
  const auto cut = [&](std::int64_t row_bytes) {
    tally_.take(
        block(profile(stages_of(action), {Op::kForward, 0, action.microbatch}).input_bytes));
    if (action.slice + 1 == schedule_.slices) tally_.take(block(rows * row_bytes), -1);
  };
  if (action.stage == 0) cut(model.input_row_bytes);
  if (action.stage == last_stage()) cut(model.target_row_bytes);
}

std::int64_t RankWalk::take(std::int64_t bytes, int count) {
  tally_.take(block(bytes), count);
  return count * block(bytes);
}

void RankWalk::take_parameters(const RankParameters& mine, RankMemory& memory) {
  const bool sharded = plan_.shards_parameters;
  const bool keeps = plan_.keeps_overwritten && schedule_.rank_count() > 1;
  for (const std::int64_t elements : mine.stage_elements) {
    const std::int64_t bytes = kFloatBytes * (sharded ? share_of(elements) : elements);
    memory.weights += take(bytes, plan_.versions);
    memory.gradients += take(bytes, plan_.versions);
    const std::int64_t moment =
        kFloatBytes * (plan_.shards_optimizer ? share_of(elements) : elements);
    memory.moments += take(moment, plan_.moments);
    if (keeps) memory.overwritten += take(bytes, 1) + take(moment, plan_.moments);
  }
  if (sharded) take_gathered(mine, memory);
  for (const std::int64_t n : mine.stage_buffers) {
    if (n > 0) memory.weights += take(kFloatBytes * n, 2 * plan_.versions);  // values and nexts
    if (n > 0 && keeps) memory.overwritten += take(kFloatBytes * n, 1);
  }
  if (plan_.replicas > 1) {
    const BucketRooms rooms = mine.bucket_rooms(sharded);
    take(kFloatBytes * rooms.elements, plan_.versions * rooms.count);
  }
  for (const std::int64_t n : mine.earlier_gradients) {
    memory.gradients += take(kFloatBytes * (sharded ? share_of(n) : n), plan_.versions);
  }
  for (const ExchangedParameter& tied : mine.exchanged) take_exchanged(tied);
  const std::int64_t elements = parameter_elements(plan_.model);
  const std::int64_t chunks = (elements + kChunkElements - 1) / kChunkElements;
  if (schedule_.rank_count() > 1) take(kNormBytes * chunks);  // every rank adds up a part
}

// The later use's gradient is received in its place; the earlier one's, if it is not all there is,
// is a copy on both ranks. With two versions the last use's gradient is sent as a copy.
void RankWalk::take_exchanged(const ExchangedParameter& tied) {
  if (plan_.versions > 1 && !tied.earlier) take(kFloatBytes * share_of(tied.elements));
  const int smaller = schedule_.microbatches - plan_.larger_count;
  const std::int64_t batch_rows =
      plan_.larger_rows * plan_.larger_count + plan_.smaller_rows * smaller;
  const std::int64_t rows = tied.touched_rows(batch_rows, plan_.replicas);
  if (rows > 0) {
    take(kIdBytes * rows);
    take(kFloatBytes * rows * tied.row_elements);
  } else if (!tied.earlier) {
    take(kFloatBytes * share_of(tied.elements));
  }
}

void RankWalk::take_gathered(const RankParameters& mine, RankMemory& memory) {
  const auto largest = [](const std::vector<std::int64_t>& sizes) {
    return sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end());
  };
  const int count = std::min(static_cast<int>(mine.stage_elements.size()), kMostGathered);
  memory.gathered += take(kFloatBytes * largest(mine.stage_elements), count);
  memory.gradients += take(kFloatBytes * largest(mine.layers), static_cast<int>(kGradientRooms));
}

// The coordinator is one step ahead: this step's inputs and targets and the next one's.
void RankWalk::take_batches(int batches, const Schedule& schedule) {
  const ModelProfile& model = plan_.model;
  for (int m = 0; m < schedule.microbatches; ++m) {
    const std::int64_t rows = is_larger(m) ? plan_.larger_rows : plan_.smaller_rows;
    const bool first = rank_of_stage(schedule, 0, m) == rank_ || plan_.piece.cuts_embedding();
    const bool last =
        rank_of_stage(schedule, last_stage(), m) == rank_ || schedule.cuts_vocabulary();
    if (first) take(rows * model.input_row_bytes, batches);
    if (last) take(rows * model.target_row_bytes, batches);
    if (rank_ == 0 && !last) take(rows * model.target_row_bytes, batches - 1);
    if (rank_ > 0 || !schedule.cuts_vocabulary()) continue;
    const int others = (schedule.rank_count() - 1) * (batches - 1);  // each gets a copy
    take(rows * model.target_row_bytes, others);
    if (plan_.piece.cuts_embedding()) take(rows * model.input_row_bytes, others);
  }
}

const BlockTally::Use& RankWalk::use_of(const Action& action, bool apart, bool joined) const {
  const Prepared& all =
      uses(prepared_slices_.empty() ? prepared_ : prepared_slices_[index(action.slice)], action);
  switch (action.op) {
    case Op::kForward: return all.forward.at(apart);
    case Op::kRecompute: return all.recompute;
    case Op::kBackwardInput: return (joined ? all.backward : all.backward_input).at(apart);
    default: return all.backward_weight;
  }
}

// A send holds its block for a while: here until the next one in the same direction.
void RankWalk::message(const Action& action) {
  if (is_of_stage(action.op)) return;
  const bool receives = action.op == Op::kReceiveForward || action.op == Op::kReceiveBackward;
  const bool down = action.op == Op::kSendForward || action.op == Op::kReceiveBackward;
  const int other = action.stage + (down ? 1 : -1);
  if (rank_of_stage(schedule_, other, action.microbatch) == rank_) return;  // moved, not copied
  const StageProfile& stage = profile(stages_of(action), action);
  const std::int64_t size = block(down ? stage.output_bytes : stage.input_bytes);
  if (receives) return tally_.take(size);
  std::int64_t& sending = sending_[down ? 0 : 1];
  if (sending > 0) tally_.take(sending, -1);
  sending = size;
}

std::int64_t RankWalk::reserved_for_sends(const MessageBound& bound) const {
  if (plan_.slices == nullptr) return reserved_for_sends(plan_.stages, bound);
  const int each = schedule_.microbatches;  // of one slice at most one of each microbatch
  const MessageBound own{std::min(bound.forward, each), std::min(bound.backward, each)};
  std::int64_t bytes = 0;
  for (const auto& slice : *plan_.slices) bytes += reserved_for_sends(slice, own);
  return bytes;
}

std::int64_t RankWalk::reserved_for_sends(const std::vector<StageSizes>& stages,
                                          const MessageBound& bound) const {
  std::int64_t bytes = 0;
  for (const auto& [s, uses] : prepared_) {
    const StageSizes& sizes = stages[s];
    for (const StageProfile* stage : {&sizes.larger, &sizes.smaller}) {
      if (static_cast<int>(s) != last_stage()) bytes += bound.forward * block(stage->output_bytes);
      if (s > 0) bytes += bound.backward * block(stage->input_bytes);
      if (plan_.larger_rows == plan_.smaller_rows) break;
    }
  }
  return bytes;
}

const StageProfile& RankWalk::profile(const std::vector<StageSizes>& stages,
                                      const Action& action) const {
  const StageSizes& sizes = stages[index(action.stage)];
  return is_larger(action.microbatch) ? sizes.larger : sizes.smaller;
}

const std::vector<StageSizes>& RankWalk::stages_of(const Action& action) const {
  return plan_.slices == nullptr ? plan_.stages : (*plan_.slices)[index(action.slice)];
}

const RankWalk::Prepared& RankWalk::uses(const StageUses& stages, const Action& action) const {
  const auto& [larger, smaller] = stages.at(index(action.stage));
  return is_larger(action.microbatch) ? larger : smaller;
}

}  // namespace pipetrain
