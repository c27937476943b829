// One rank's steps as the pool of its tensors sees them, block by block: what rank_memory.h adds
// up. Pure; it must not know how a layer computes or a message travels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/block_tally.h"
#include "plan/piece_memory.h"
#include "plan/rank_memory.h"
#include "schedule/message_bounds.h"

namespace pipetrain {

// Steps of one size, in a pool that those of others share.
class RankWalk {
 public:
  RankWalk(const MemoryCase& plan, int rank, BlockTally& tally);

  // What is there for ever, and training steps.
  RankMemory run(const std::vector<Action>& actions, const RankParameters& parameters,
                 const MessageBound& bound);
  // A training step of another size; returns what it takes beside what was there.
  std::int64_t short_step(const std::vector<Action>& actions, const MessageBound& bound);
  // Batches of an evaluation, as many as may be under way: what a rank has sent is held until the
  // last stage is through with it. Returns what they take beside what was there.
  std::int64_t evaluate(const std::vector<Action>& actions, int batches);

 private:
  struct Prepared {
    // [1]: where other work stands between F and I
    std::array<BlockTally::Use, 2> forward, backward_input, backward;
    BlockTally::Use recompute, backward_weight, evaluation;
  };
  using StageUses = std::unordered_map<std::size_t, std::pair<Prepared, Prepared>>;

  StageUses prepared(const std::vector<StageSizes>& stages);
  Prepared prepare(const StageProfile& stage);
  std::int64_t step(const std::vector<Action>& actions);  // the most in use between two actions

  std::int64_t block(std::int64_t bytes) const { return plan_.model.block_bytes(bytes); }
  int last_stage() const { return schedule_.stage_count() - 1; }
  bool is_larger(int microbatch) const { return microbatch < plan_.larger_count; }
  const StageProfile& profile(const std::vector<StageSizes>& stages, const Action& action) const;
  const std::vector<StageSizes>& stages_of(const Action& action) const;  // in training
  const Prepared& uses(const StageUses& stages, const Action& action) const;
  const BlockTally::Use& use_of(const Action& action, bool apart, bool joined) const;

  std::int64_t take(std::int64_t bytes, int count = 1);
  void cut_slice(const Action& action);
  void message(const Action& action);
  void take_parameters(const RankParameters& mine, RankMemory& memory);
  void take_exchanged(const ExchangedParameter& tied);
  // The stages in use, and the gradients of layers on their way to the replicas.
  void take_gathered(const RankParameters& mine, RankMemory& memory);
  void take_batches(int batches, const Schedule& schedule);
  // A shard's exact size depends on where chunks of parameters end.
  std::int64_t share_of(std::int64_t elements) const {
    return (elements + plan_.replicas - 1) / plan_.replicas;
  }
  // What StepRunner sets aside once for all sends that can be under way.
  std::int64_t reserved_for_sends(const MessageBound& bound) const;
  std::int64_t reserved_for_sends(const std::vector<StageSizes>& stages,
                                  const MessageBound& bound) const;

  const MemoryCase& plan_;
  const Schedule& schedule_;  // for who has which stage, and the number of microbatches
  int rank_;
  BlockTally& tally_;
  PieceMemory pieces_;                      // of the vocabulary
  StageUses prepared_;                      // of whole sequences
  std::vector<StageUses> prepared_slices_;  // of training's
  std::array<std::int64_t, 2> sending_ = {};
};

}  // namespace pipetrain
