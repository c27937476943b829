#include "train/memory_uses.h"

#include <algorithm>
#include <cstddef>

#include "setup/memory_table.h"

namespace pipetrain {
namespace {

std::int64_t block_of(const Tensor& tensor) {
  return tensor.bytes() == 0 ? 0 : static_cast<std::int64_t>(block_bytes(tensor.bytes()));
}

std::int64_t used(const MemoryPool& pool) { return static_cast<std::int64_t>(pool.used_bytes()); }

// What a rank has of its parameters as long as it trains.
void add_parameters(RankState& state, RankMemory& memory) {
  for (std::size_t s = 0; s < state.stages().size(); ++s) {
    const StageParameters& stage = state.parameters().stages()[s];
    memory.weights +=
        block_of(stage.values) + block_of(stage.buffer_values) + block_of(stage.buffer_nexts);
    memory.gradients += block_of(stage.gradients);
    for (const Optimizer::Moment& moment : state.optimizer().moments(s)) {
      memory.moments += block_of(*moment.values);
    }
  }
  for (const TiedParameter& tied : state.parameters().tied()) {
    memory.gradients += block_of(tied.earlier_gradient);
  }
}

}  // namespace

void MemoryUses::add(const Recorder& recorder, const MemoryPool& pool) {
  std::int64_t most = 0;
  for (const Span& span : recorder.spans()) most = std::max(most, span.bytes);
  if (most < most_) return;
  most_ = most;
  lasting_ = used(pool);
}

std::vector<std::pair<std::string, std::int64_t>> MemoryUses::taken(
    PipelineRank& pipeline, const MemoryPool& pool, std::size_t checkpoint_bytes) const {
  const auto reserved = static_cast<std::int64_t>(pool.reserved_bytes());
  const auto peak = static_cast<std::int64_t>(pool.peak_bytes());
  RankMemory memory;
  RankVersions& versions = pipeline.versions;
  for (std::size_t v = 0; v < versions.count(); ++v) add_parameters(versions[v], memory);
  const StepRunner::Rooms rooms = pipeline.runner.rooms();
  memory.gathered = rooms.gathered;
  memory.overwritten = rooms.overwritten;
  memory.gradients += rooms.gradients;
  const std::int64_t with_copies = used(pool);
  for (std::size_t v = 0; v < versions.count(); ++v) versions[v].ops().forget_weights();
  memory.packed = with_copies - used(pool);
  if (checkpoint_bytes > 0) {
    memory.checkpoint = static_cast<std::int64_t>(block_bytes(checkpoint_bytes));
  }
  const std::int64_t kept = memory.total(), lasting = std::max(lasting_, kept),
                     most = std::max(most_, lasting);
  memory.messages = lasting - kept + std::min(rooms.sends, reserved - peak);
  memory.activations = most - lasting;
  memory.work = peak - most;
  auto kinds = memory_kinds(memory);
  kinds.emplace_back("unused", reserved - memory.total());
  return kinds;
}

}  // namespace pipetrain
