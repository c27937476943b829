#include "plan/rank_memory.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "schedule/lower.h"
#include "schedule/message_bounds.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kFloatBytes = 4, kNormBytes = 8, kNormChunkElements = 4096;

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

// Counts blocks by size, each size under a small number, since lists of actions are long.
class Tally {
 public:
  using Counts = std::vector<std::pair<std::size_t, int>>;
  struct Use {
    Counts most, after;
  };

  Use prepare(const MemoryUse& use) { return {numbered(use.most), numbered(use.after)}; }
  void run(const Use& use) {
    for (const auto& [i, count] : use.most) most_[i] = std::max(most_[i], used_[i] + count);
    for (const auto& [i, count] : use.after) {
      used_[i] += count;
      used_bytes_ += count * sizes_[i];
    }
  }
  void take(std::int64_t size, int count = 1) { run(prepare(takes(size, count))); }
  std::int64_t used() const { return used_bytes_; }
  std::int64_t reserved() const {
    std::int64_t bytes = 0;
    for (std::size_t i = 0; i < sizes_.size(); ++i) bytes += sizes_[i] * most_[i];
    return bytes;
  }

 private:
  Counts numbered(const Blocks& blocks) {
    Counts counts;
    for (const auto& [size, count] : blocks) {
      const auto [found, added] = numbers_.try_emplace(size, sizes_.size());
      if (added) {
        sizes_.push_back(size);
        used_.push_back(0);
        most_.push_back(0);
      }
      if (count != 0) counts.emplace_back(found->second, count);
    }
    return counts;
  }

  std::unordered_map<std::int64_t, std::size_t> numbers_;
  std::vector<std::int64_t> sizes_;
  std::vector<int> used_, most_;
  std::int64_t used_bytes_ = 0;
};

// One rank's step.
class Walk {
 public:
  Walk(const MemoryPlan& plan, const std::vector<Action>& actions, int rank)
      : plan_(plan), actions_(actions), rank_(rank), count_(plan.schedule.microbatches) {
    for (std::size_t s = 0; s < plan.stages.size(); ++s) {
      if (owner(static_cast<int>(s)) != rank) continue;
      prepared_[s] = {prepare(plan.stages[s].larger), prepare(plan.stages[s].smaller)};
      tally_.run(tally_.prepare({plan.stages[s].larger.kept, plan.stages[s].larger.kept}));
    }
  }

  RankMemory run(const RankParameters& parameters, const MessageBound& bound) {
    RankMemory memory;
    const std::int64_t packed = tally_.used();
    take_parameters(parameters, memory);
    take_batches();
    const std::int64_t lasting = tally_.used();
    memory.messages = lasting - packed - memory.steps();
    std::set<std::pair<int, int>> recomputed;
    for (const Action& action : actions_) {
      if (action.op == Op::kRecompute) recomputed.emplace(action.stage, action.microbatch);
    }
    for (const Action& action : actions_) {
      const bool forgets = recomputed.contains({action.stage, action.microbatch});
      if (is_compute(action.op)) {
        tally_.run(use_of(action, forgets));
      } else {
        message(action);
      }
      memory.activations = std::max(memory.activations, tally_.used() - lasting);
    }
    memory.work = tally_.reserved() - memory.steps();
    memory.messages += reserved_for_sends(bound);
    return memory;
  }

 private:
  struct Prepared {
    Tally::Use forward, forgetting_forward, recompute, backward_input, backward_weight;
  };

  Prepared prepare(const StageProfile& stage) {
    return {tally_.prepare(stage.forward), tally_.prepare(stage.forgetting_forward),
            tally_.prepare(stage.recompute), tally_.prepare(stage.backward_input),
            tally_.prepare(stage.backward_weight)};
  }
  std::int64_t block(std::int64_t bytes) const { return plan_.model.block_bytes(bytes); }
  int owner(int stage) const { return rank_of_stage(plan_.schedule, stage); }
  int last_stage() const { return plan_.schedule.stage_count() - 1; }
  bool is_larger(int microbatch) const { return microbatch < plan_.larger_count; }
  const StageProfile& profile(int stage, int microbatch) const {
    const StageSizes& sizes = plan_.stages[index(stage)];
    return is_larger(microbatch) ? sizes.larger : sizes.smaller;
  }

  std::int64_t take(std::int64_t bytes, int count = 1) {
    tally_.take(block(bytes), count);
    return count * block(bytes);
  }

  void take_parameters(const RankParameters& mine, RankMemory& memory) {
    for (const std::int64_t elements : mine.stage_elements) {
      memory.weights += take(kFloatBytes * elements);
      memory.gradients += take(kFloatBytes * elements);
      memory.moments += take(kFloatBytes * moments_of(elements), plan_.moments);
    }
    for (const std::int64_t n : mine.stage_buffers) {
      if (n > 0) memory.weights += take(kFloatBytes * n, 2);  // values and nexts
    }
    if (plan_.replicas > 1) take_buckets(mine);
    for (const std::int64_t n : mine.earlier_gradients) memory.gradients += take(kFloatBytes * n);
    for (const std::int64_t n : mine.exchanged) take(kFloatBytes * n);
    const std::int64_t elements = parameter_elements(plan_.model);
    const std::int64_t chunks = (elements + kNormChunkElements - 1) / kNormChunkElements;
    if (plan_.schedule.rank_count() > 1) take(kNormBytes * chunks);  // every rank adds up a part
  }

  // A shard's exact size depends on where chunks of parameters end.
  std::int64_t moments_of(std::int64_t elements) const {
    const int parts = plan_.shards_optimizer ? plan_.replicas : 1;
    return (elements + parts - 1) / parts;
  }

  // What reduce-scatters of buckets that are under way at once are received in.
  void take_buckets(const RankParameters& mine) {
    std::int64_t count = 0, largest = 0;
    for (const std::int64_t elements : mine.stage_elements) {
      count += (elements + kBucketElements - 1) / kBucketElements;
      largest = std::max(largest, std::min(elements, kBucketElements));
    }
    take(kFloatBytes * largest, static_cast<int>(std::min<std::int64_t>(count, 4)));
  }

  // The coordinator is one step ahead: this step's inputs and targets and the next one's.
  void take_batches() {
    const ModelProfile& model = plan_.model;
    const int smaller = count_ - plan_.larger_count;
    for (const auto& [rows, count] : {std::pair(plan_.larger_rows, plan_.larger_count),
                                      std::pair(plan_.smaller_rows, smaller)}) {
      const bool first = owner(0) == rank_, last = owner(last_stage()) == rank_;
      if (first) take(rows * model.input_row_bytes, 2 * count);
      if (last) take(rows * model.target_row_bytes, 2 * count);
      if (rank_ == 0 && !last) take(rows * model.target_row_bytes, count);
    }
  }

  const Tally::Use& use_of(const Action& action, bool forgets) const {
    const auto& [larger, smaller] = prepared_.at(index(action.stage));
    const Prepared& uses = is_larger(action.microbatch) ? larger : smaller;
    switch (action.op) {
      case Op::kForward:
        return forgets ? uses.forgetting_forward : uses.forward;
      case Op::kRecompute:
        return uses.recompute;
      case Op::kBackwardInput:
        return uses.backward_input;
      default:
        return uses.backward_weight;
    }
  }

  // A send holds its block for a while: here until the next one in the same direction.
  void message(const Action& action) {
    if (action.op == Op::kReduceGrad) return;
    const bool receives = action.op == Op::kReceiveForward || action.op == Op::kReceiveBackward;
    const bool down = action.op == Op::kSendForward || action.op == Op::kReceiveBackward;
    if (owner(action.stage + (down ? 1 : -1)) == rank_) return;  // moved, not copied
    const StageProfile& stage = profile(action.stage, action.microbatch);
    const std::int64_t size = block(down ? stage.output_bytes : stage.input_bytes);
    if (receives) {
      tally_.take(size);
      return;
    }
    std::int64_t& sending = sending_[down ? 0 : 1];
    if (sending > 0) tally_.take(sending, -1);
    sending = size;
  }

  // What PipelineRank sets aside once for all sends that can be under way.
  std::int64_t reserved_for_sends(const MessageBound& bound) const {
    std::int64_t bytes = 0;
    for (std::size_t s = 0; s < plan_.stages.size(); ++s) {
      if (owner(static_cast<int>(s)) != rank_) continue;
      const StageSizes& sizes = plan_.stages[s];
      for (const StageProfile* stage : {&sizes.larger, &sizes.smaller}) {
        if (static_cast<int>(s) != last_stage())
          bytes += bound.forward * block(stage->output_bytes);
        if (s > 0) bytes += bound.backward * block(stage->input_bytes);
        if (plan_.larger_rows == plan_.smaller_rows) break;
      }
    }
    return bytes;
  }

  const MemoryPlan& plan_;
  const std::vector<Action>& actions_;
  int rank_, count_;
  Tally tally_;
  std::unordered_map<std::size_t, std::pair<Prepared, Prepared>> prepared_;
  std::array<std::int64_t, 2> sending_ = {};
};

class Parameters {
 public:
  Parameters(const ModelProfile& model, const Schedule& schedule, const std::vector<int>& first)
      : model_(model), schedule_(schedule), first_(first) {
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
      for (const auto& parameter : model.layers[layer].parameters) {
        uses_[parameter.name].push_back(layer);
      }
    }
  }

  RankParameters of_rank(int rank) const {
    RankParameters found;
    std::set<std::string> seen;
    for (std::size_t s = 0; s < first_.size(); ++s) {
      if (rank_of_stage(schedule_, static_cast<int>(s)) != rank) continue;
      std::int64_t& elements = found.stage_elements.emplace_back(0);
      std::int64_t& buffers = found.stage_buffers.emplace_back(0);
      for (std::size_t layer = index(first_[s]); layer < end_of(s); ++layer) {
        buffers += model_.layers[layer].buffer_elements;
        for (const auto& parameter : model_.layers[layer].parameters) {
          const auto& uses = uses_.at(parameter.name);
          if (uses.size() > 1 && layer == uses.front()) {
            found.earlier_gradients.push_back(parameter.elements);
          }
          if (!seen.insert(parameter.name).second) continue;
          elements += parameter.elements;
          const bool leaves = rank_of(uses.front()) != rank || rank_of(uses.back()) != rank;
          if (leaves) found.exchanged.push_back(parameter.elements);
        }
      }
    }
    return found;
  }

 private:
  std::size_t end_of(std::size_t stage) const {
    return stage + 1 < first_.size() ? index(first_[stage + 1]) : model_.layers.size();
  }
  int rank_of(std::size_t layer) const {
    const auto next = std::upper_bound(first_.begin(), first_.end(), static_cast<int>(layer));
    return rank_of_stage(schedule_, static_cast<int>(next - first_.begin()) - 1);
  }

  const ModelProfile& model_;
  const Schedule& schedule_;
  const std::vector<int>& first_;
  std::unordered_map<std::string, std::vector<std::size_t>> uses_;
};

}  // namespace

std::vector<RankParameters> rank_parameters(const ModelProfile& model, const Schedule& schedule,
                                            const std::vector<int>& first_layers) {
  const Parameters parameters(model, schedule, first_layers);
  std::vector<RankParameters> ranks;
  for (int rank = 0; rank < schedule.rank_count(); ++rank) {
    ranks.push_back(parameters.of_rank(rank));
  }
  return ranks;
}

std::vector<RankMemory> rank_memory(const MemoryPlan& plan) {
  const Schedule lowered = lower(plan.schedule);
  const std::vector<MessageBound> bounds = max_outstanding_sends(lowered);
  std::vector<RankMemory> ranks;
  for (int rank = 0; rank < lowered.rank_count(); ++rank) {
    const std::size_t r = index(rank);
    ranks.push_back(Walk(plan, lowered.ranks[r], rank).run(plan.parameters[r], bounds[r]));
  }
  return ranks;
}

}  // namespace pipetrain
