#include "pipeline/replica_sum.h"

#include <algorithm>

namespace pipetrain {
namespace {

// Enough to keep a link busy between two polls; more would take memory for little.
constexpr std::size_t kMostAtATime = 4;

}  // namespace

ReplicaSum::ReplicaSum(std::vector<StageParameters>& stages,
                       const std::vector<std::vector<Bucket>>& buckets, Collective& replicas,
                       MemoryPool& pool, bool gathers_gradients)
    : stages_(stages),
      buckets_(buckets),
      replicas_(replicas),
      gathers_gradients_(gathers_gradients),
      next_(stages.size()) {
  const auto own = static_cast<std::size_t>(replicas.rank());
  std::size_t count = 0, largest_part = 0;
  for (const auto& of_stage : buckets) {
    count += of_stage.size();
    for (const Bucket& bucket : of_stage) {
      largest_part = std::max(largest_part, bucket.cuts[own + 1] - bucket.cuts[own]);
    }
  }
  const auto elements = static_cast<std::int64_t>(largest_part) * replicas.size();
  for (std::size_t i = 0; i < std::min(count, kMostAtATime); ++i) {
    scratch_.emplace_back(pool, Shape{elements});
  }
}

void ReplicaSum::begin() { std::fill(next_.begin(), next_.end(), 0); }

void ReplicaSum::enqueue(std::size_t stage, bool tied, std::int64_t offset) {
  const std::vector<Bucket>& all = buckets_[stage];
  for (std::size_t& next = next_[stage]; next < all.size(); ++next) {
    if (all[next].tied != tied || all[next].begin < offset) break;
    waiting_.push_back({stage, &all[next], nullptr});
  }
}

void ReplicaSum::complete(std::size_t stage, std::int64_t offset) {
  enqueue(stage, /*tied=*/false, offset);
  poll();
}

void ReplicaSum::complete_tied() {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) enqueue(stage, /*tied=*/true, 0);
  poll();
}

// First in, first out: which replica is how far changes when a bucket starts, never the order.
void ReplicaSum::poll() {
  while (!scattering_.empty() && scattering_.front().operation->done()) {
    Running running = std::move(scattering_.front());
    scattering_.pop_front();
    scratch_.push_back(running.operation->take_scratch());
    if (!gathers_gradients_) continue;
    running.operation = replicas_.start_all_gather(
        running.bucket->of(stages_[running.stage].gradients), running.bucket->cuts);
    gathering_.push_back(std::move(running));
  }
  while (!waiting_.empty() && !scratch_.empty()) {
    Running running = std::move(waiting_.front());
    waiting_.pop_front();
    running.operation =
        replicas_.start_reduce_scatter(running.bucket->of(stages_[running.stage].gradients),
                                       running.bucket->cuts, std::move(scratch_.back()));
    scratch_.pop_back();
    scattering_.push_back(std::move(running));
  }
  while (!gathering_.empty() && gathering_.front().operation->done()) gathering_.pop_front();
}

void ReplicaSum::finish() {
  const auto summed = [this] {
    poll();
    return waiting_.empty() && scattering_.empty() && gathering_.empty();
  };
  replicas_.wait_for(summed, "the sum of gradients");
}

void ReplicaSum::gather_values() {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    for (const Bucket& bucket : buckets_[stage]) {
      gathering_.push_back(
          {stage, &bucket,
           replicas_.start_all_gather(bucket.of(stages_[stage].values), bucket.cuts)});
    }
  }
  const auto gathered = [this] {
    while (!gathering_.empty() && gathering_.front().operation->done()) gathering_.pop_front();
    return gathering_.empty();
  };
  replicas_.wait_for(gathered, "the updated weights");
}

void ReplicaSum::average(std::span<float> values) {
  replicas_.all_reduce(values);
  const float share = 1.0f / static_cast<float>(replicas_.size());
  for (float& value : values) value *= share;
}

}  // namespace pipetrain
