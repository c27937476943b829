#include "pipeline/sharded_gradients.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "ops/entrywise.h"
#include "schedule/limits.h"
#include "tensor/memory.h"

namespace pipetrain {

ShardedGradients::ShardedGradients(ParameterStore& parameters,
                                   const std::vector<std::vector<Bucket>>& buckets,
                                   Collective& replicas, Ops& ops, TiedGradients tied)
    : buckets_(buckets),
      replicas_(replicas),
      ops_(ops),
      tied_(std::move(tied)),
      layers_(buckets.size()) {
  for (std::size_t s = 0; s < buckets.size(); ++s) lay_out(parameters, s);
  take_memory();
}

// A layer's own parameters lie in its room as in the stage's flat buffer; behind them what it
// shares with an earlier layer of the stage.
void ShardedGradients::lay_out(ParameterStore& parameters, std::size_t s) {
  const StageParameters& stage = parameters.stages()[s];
  std::vector<LayerRoom>& layers = layers_[s];
  layers.resize(stage.layer_offsets.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const std::int64_t end = l + 1 < layers.size() ? stage.layer_offsets[l + 1] : stage.elements();
    layers[l].elements = end - stage.layer_offsets[l];
  }
  for (const Bucket& bucket : buckets_[s]) {
    if (bucket.tied()) continue;
    layers[bucket.layer].sums.push_back({&bucket, bucket.begin - stage.layer_offsets[bucket.layer],
                                         parameters.stages()[s].gradients.f32() + bucket.own});
  }
  for (const ParameterUse& use : stage.uses) {
    const ParameterSlot& slot = stage.slots[use.slot];
    LayerRoom& layer = layers[use.layer];
    std::int64_t at = slot.offset - stage.layer_offsets[use.layer];
    if (slot.offset < stage.layer_offsets[use.layer]) {
      at = layer.elements;
      layer.elements += slot.elements;
    }
    layer.uses.push_back(use);
    layer.at.push_back(at);
    if (!slot.tied()) continue;
    const auto tied =
        std::find_if(parameters.tied().begin(), parameters.tied().end(),
                     [&](const TiedParameter& t) { return t.stage == s && t.slot == use.slot; });
    std::size_t part = 0;
    for (const Bucket& bucket : buckets_[s]) {
      if (bucket.tied_slot != use.slot) continue;
      const TiedParameter::Kept& kept = tied->parts[part++];
      layer.sums.push_back(
          {&bucket, at + bucket.begin - slot.offset,
           use.parameter->tied_to_earlier ? kept.slot_gradient : kept.earlier_gradient});
    }
  }
}

void ShardedGradients::take_memory() {
  const auto own = static_cast<std::size_t>(replicas_.rank());
  std::int64_t largest_layer = 0;
  std::size_t count = 0, largest_part = 0;
  for (const std::vector<LayerRoom>& stage : layers_) {
    for (const LayerRoom& layer : stage) {
      largest_layer = std::max(largest_layer, layer.elements);
      count += layer.sums.size();
      for (const Sum& sum : layer.sums) {
        const Cuts& cuts = sum.bucket->cuts;
        largest_part = std::max(largest_part, cuts[own + 1] - cuts[own]);
      }
    }
  }
  for (Tensor& room : rooms_) room = Tensor(ops_.pool(), {largest_layer});
  const auto elements = static_cast<std::int64_t>(largest_part) * replicas_.size();
  for (std::size_t i = 0; i < std::min(count, kMostBucketsAtATime); ++i) {
    scratch_.emplace_back(ops_.pool(), Shape{elements});
  }
}

std::int64_t ShardedGradients::room_bytes() const {
  std::size_t bytes = 0;
  for (const Tensor& room : rooms_) bytes += room.bytes() == 0 ? 0 : block_bytes(room.bytes());
  return static_cast<std::int64_t>(bytes);
}

void ShardedGradients::begin() {
  for (std::vector<LayerRoom>& stage : layers_) {
    for (LayerRoom& layer : stage) layer.kept = false;
  }
}

template <class Done>
void ShardedGradients::wait(const Done& done) {
  const auto polled = [&] {
    poll();
    return done();
  };
  replicas_.wait_for(polled, "the sum of a layer's gradients");
}

void ShardedGradients::before_weights(std::size_t stage, std::size_t layer) {
  const LayerRoom& l = layers_[stage][layer];
  if (l.uses.empty()) return;
  room_ = (room_ + 1) % kGradientRooms;
  wait([&] { return travelling_[room_] == 0; });
  for (std::size_t i = 0; i < l.uses.size(); ++i) {
    l.uses[i].parameter->gradient = rooms_[room_].f32() + l.at[i];
  }
}

void ShardedGradients::after_weights(std::size_t stage, std::size_t layer, bool) {
  LayerRoom& l = layers_[stage][layer];
  for (const Sum& each : l.sums) sum(each, l.kept);
  l.kept = true;
}

// It starts here and now, so that the order is that of the actions on every replica, and none
// waits for a start that another one has put off.
void ShardedGradients::sum(const Sum& sum, bool adds) {
  wait([&] { return !scratch_.empty(); });
  const Cuts& cuts = sum.bucket->cuts;
  const auto own = static_cast<std::size_t>(replicas_.rank());
  const std::span<float> whole =
      rooms_[room_].floats().subspan(static_cast<std::size_t>(sum.at), sum.bucket->elements());
  Running started{replicas_.start_reduce_scatter(whole, cuts, std::move(scratch_.back())),
                  whole.subspan(cuts[own], cuts[own + 1] - cuts[own]), sum.kept, adds, room_};
  scratch_.pop_back();
  ++travelling_[room_];
  running_.push_back(std::move(started));
}

void ShardedGradients::poll() {
  while (!running_.empty() && running_.front().operation->done()) {
    Running ended = std::move(running_.front());
    running_.pop_front();
    scratch_.push_back(ended.operation->take_scratch());
    if (ended.adds) {
      add(ops_, std::span(ended.kept, ended.part.size()), ended.part);
    } else {
      std::copy(ended.part.begin(), ended.part.end(), ended.kept);
    }
    --travelling_[ended.room];
  }
}

void ShardedGradients::finish(int parity) {
  wait([&] { return running_.empty(); });
  tied_.exchange_all(parity);
  tied_.add_up(parity);
}

}  // namespace pipetrain
