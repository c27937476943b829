#include "pipeline/sharded_weights.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "pipeline/recorder.h"

namespace pipetrain {

ShardedWeights::ShardedWeights(std::vector<StageParameters>& stages,
                               const std::vector<std::vector<Bucket>>& buckets,
                               Collective& replicas, Ops& ops, int most_gathered)
    : stages_(stages), buckets_(buckets), replicas_(replicas), ops_(ops), gathered_(stages.size()) {
  std::int64_t largest = 0;
  for (const StageParameters& stage : stages) largest = std::max(largest, stage.elements());
  const std::size_t count = std::min(stages.size(), static_cast<std::size_t>(most_gathered));
  for (std::size_t i = 0; i < count; ++i) room_.emplace_back(ops.pool(), Shape{largest});
  for (Tensor& room : room_) free_.push_back(&room);
}

void ShardedWeights::begin() {
  for (Gathered& stage : gathered_) {
    stage.seconds = 0;
    stage.times = 0;
  }
}

void ShardedWeights::unshard(std::size_t stage) {
  Gathered& made = gathered_[stage];
  assert(made.whole == nullptr && !free_.empty());
  made.whole = free_.back();
  free_.pop_back();
  made.started = wall_seconds();
  const auto mine = static_cast<std::size_t>(replicas_.rank());
  const float* kept = stages_[stage].values.f32();
  for (const Bucket& bucket : buckets_[stage]) {
    const std::span<float> whole = bucket.of(*made.whole);
    std::copy_n(kept + bucket.own, bucket.cuts[mine + 1] - bucket.cuts[mine],
                whole.data() + bucket.cuts[mine]);
    made.gathers.push_back(replicas_.start_all_gather(whole, bucket.cuts));
  }
  bind(stage, made.whole->f32());
}

void ShardedWeights::bind(std::size_t stage, float* values) {
  for (const ParameterUse& use : stages_[stage].uses) {
    use.parameter->value =
        values == nullptr ? nullptr : values + stages_[stage].slots[use.slot].offset;
  }
}

bool ShardedWeights::gathered(std::size_t stage) {
  Gathered& made = gathered_[stage];
  if (made.gathers.empty()) return made.whole != nullptr;
  while (!made.gathers.empty() && made.gathers.front()->done()) made.gathers.pop_front();
  if (!made.gathers.empty()) return false;
  made.seconds += wall_seconds() - made.started;
  ++made.times;
  return true;
}

void ShardedWeights::wait(std::size_t stage) {
  replicas_.wait_for([&] { return gathered(stage); }, "the weights of a stage");
}

void ShardedWeights::reshard(std::size_t stage) {
  wait(stage);  // of an evaluation in which this replica has no rows
  bind(stage, nullptr);
  // Another stage's weights will lie at these addresses.
  ops_.forget_weights();
  free_.push_back(std::exchange(gathered_[stage].whole, nullptr));
}

void ShardedWeights::poll() {
  for (std::size_t stage = 0; stage < gathered_.size(); ++stage) {
    if (!gathered_[stage].gathers.empty()) gathered(stage);
  }
}

double ShardedWeights::mean_seconds(std::size_t stage) const {
  const Gathered& made = gathered_[stage];
  return made.times > 0 ? made.seconds / made.times : 0;
}

}  // namespace pipetrain
