#include "pipeline/replica_sum.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "schedule/limits.h"

namespace pipetrain {

BucketSum::BucketSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
                     Collective& replicas, MemoryPool& pool, TiedGradients tied, SumOrder order)
    : replicas_(replicas),
      stages_(parameters.stages()),
      buckets_(buckets),
      tied_(std::move(tied)),
      summed_(stages_.size()),
      order_(order),
      complete_(stages_.size()),
      begun_(stages_.size()) {
  list(parameters);
  const auto own = static_cast<std::size_t>(replicas.rank());
  std::size_t count = 0, largest_part = 0;
  for (const auto& of_stage : buckets) {
    count += of_stage.size();
    for (const Bucket& bucket : of_stage) {
      largest_part = std::max(largest_part, bucket.cuts[own + 1] - bucket.cuts[own]);
    }
  }
  const auto elements = static_cast<std::int64_t>(largest_part) * replicas.size();
  for (std::size_t i = 0; i < std::min(count, kMostBucketsAtATime); ++i) {
    scratch_.emplace_back(pool, Shape{elements});
  }
}

// The stages' own gradients, and those of tied parameters' uses where their layers are.
void BucketSum::list(ParameterStore& parameters) {
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (const Bucket& bucket : buckets_[s]) {
      if (bucket.tied()) continue;
      summed_[s].push_back({bucket.of(stages_[s].gradients), &bucket, bucket.layer, nullptr});
    }
  }
  for (TiedParameter& tied : parameters.tied()) {
    const std::int64_t begin = parameters.slot_of(tied).offset;
    for (const Bucket& bucket : buckets_[tied.stage]) {
      if (bucket.tied_slot != tied.slot) continue;
      if (tied.earlier.here) {
        const auto first = static_cast<std::size_t>(bucket.begin - begin);
        summed_[tied.earlier.local].push_back(
            {tied.earlier_gradient.floats().subspan(first, bucket.elements()), &bucket,
             tied.earlier.layer, nullptr});
      }
      if (tied.later.here) {
        summed_[tied.later.local].push_back(
            {bucket.of(stages_[tied.stage].gradients), &bucket, tied.later.layer, nullptr});
      }
    }
  }
  for (std::vector<Summed>& of_stage : summed_) {
    std::stable_sort(of_stage.begin(), of_stage.end(),
                     [](const Summed& a, const Summed& b) { return a.layer > b.layer; });
  }
}

void BucketSum::begin() {
  std::fill(complete_.begin(), complete_.end(), 0);
  std::fill(begun_.begin(), begun_.end(), 0);
}

void BucketSum::after_weights(std::size_t stage, std::size_t layer, bool last_microbatch) {
  if (!last_microbatch) return;
  const std::vector<Summed>& all = summed_[stage];
  std::size_t& complete = complete_[stage];
  while (complete < all.size() && all[complete].layer >= layer) ++complete;
  if (order_ == SumOrder::kAsComplete) {
    begin_complete(stage);
  } else {
    for (std::size_t s = stages_.size(); s-- > 0;) {
      begin_complete(s);
      if (begun_[s] < summed_[s].size()) break;
    }
  }
  poll();
}

void BucketSum::begin_complete(std::size_t stage) {
  for (std::size_t& next = begun_[stage]; next < complete_[stage]; ++next) {
    waiting_.push_back(&summed_[stage][next]);
  }
}

// First in, first out: which replica is how far changes when a bucket starts, never the order.
void BucketSum::poll() {
  while (!scattering_.empty() && scattering_.front()->operation->done()) {
    Summed& summed = *scattering_.front();
    scattering_.pop_front();
    scratch_.push_back(summed.operation->take_scratch());
    summed.operation = share(summed.gradients, *summed.bucket);
    if (summed.operation != nullptr) gathering_.push_back(&summed);
  }
  while (!waiting_.empty() && !scratch_.empty()) {
    Summed& summed = *waiting_.front();
    waiting_.pop_front();
    summed.operation = replicas_.start_reduce_scatter(summed.gradients, summed.bucket->cuts,
                                                      std::move(scratch_.back()));
    scratch_.pop_back();
    scattering_.push_back(&summed);
  }
  while (!gathering_.empty() && gathering_.front()->operation->done()) gathering_.pop_front();
}

void BucketSum::finish(int parity) {
  finish_parts();
  tied_.exchange_all(parity);
  tied_.add_up(parity);
}

// Waits until every replica has its parts of all, and of what is not tied the rest.
void BucketSum::finish_parts() {
  const auto summed = [this] {
    poll();
    return waiting_.empty() && scattering_.empty() && gathering_.empty();
  };
  replicas_.wait_for(summed, "the sum of gradients");
}

void BucketSum::gather_all(Tensor StageParameters::* buffer, bool (*is_sent)(const Bucket&),
                           const char* what) {
  std::deque<std::unique_ptr<Pending>> gathers;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (const Bucket& bucket : buckets_[s]) {
      if (!is_sent(bucket)) continue;
      gathers.push_back(replicas_.start_all_gather(bucket.of(stages_[s].*buffer), bucket.cuts));
    }
  }
  const auto gathered = [&] {
    while (!gathers.empty() && gathers.front()->done()) gathers.pop_front();
    return gathers.empty();
  };
  replicas_.wait_for(gathered, what);
}

// What is tied waits for the sum of its two uses.
std::unique_ptr<Pending> ReplicaSum::share(std::span<float> gradients, const Bucket& bucket) {
  return bucket.tied() ? nullptr : replicas_.start_all_gather(gradients, bucket.cuts);
}

void ReplicaSum::finish(int parity) {
  BucketSum::finish(parity);
  gather_all(
      &StageParameters::gradients, [](const Bucket& bucket) { return bucket.tied(); },
      "the tied gradients");
}

void SharedOutSum::gather_updated() {
  gather_all(&StageParameters::values, [](const Bucket&) { return true; }, "the updated weights");
}

}  // namespace pipetrain
