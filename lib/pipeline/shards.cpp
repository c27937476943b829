#include "pipeline/shards.h"

#include <algorithm>
#include <cstddef>

#include "schedule/limits.h"

namespace pipetrain {
namespace {

// Where a bucket or a part may begin and end: the chunks of slots [first, end).
std::vector<std::int64_t> chunk_bounds(const StageParameters& stage, std::size_t first,
                                       std::size_t end) {
  std::vector<std::int64_t> bounds;
  for (std::size_t s = first; s < end; ++s) {
    const ParameterSlot& slot = stage.slots[s];
    for (std::int64_t at = 0; at < slot.elements; at += kChunkElements) {
      bounds.push_back(slot.offset + at);
    }
  }
  bounds.push_back(stage.slots[end - 1].offset + stage.slots[end - 1].elements);
  return bounds;
}

// The bucket from bounds[first] to bounds[last], its parts as even as the bounds allow.
Bucket make_bucket(const std::vector<std::int64_t>& bounds, std::size_t first, std::size_t last,
                   int replicas) {
  const std::int64_t begin = bounds[first], elements = bounds[last] - begin;
  Bucket bucket{.begin = begin, .cuts = {0}};
  for (int part = 1; part < replicas; ++part) {
    const std::int64_t wanted = begin + elements * part / replicas;
    const auto above = std::lower_bound(bounds.begin() + static_cast<std::ptrdiff_t>(first),
                                        bounds.begin() + static_cast<std::ptrdiff_t>(last), wanted);
    const bool below_is_nearer = *above > wanted && wanted - *(above - 1) < *above - wanted;
    const std::int64_t cut = below_is_nearer ? *(above - 1) : *above;
    bucket.cuts.push_back(static_cast<std::size_t>(cut - begin));
  }
  bucket.cuts.push_back(static_cast<std::size_t>(elements));
  return bucket;
}

std::size_t layer_of(const StageParameters& stage, std::int64_t offset) {
  const auto& begins = stage.layer_offsets;
  const auto after = std::upper_bound(begins.begin(), begins.end(), offset);
  return static_cast<std::size_t>(after - begins.begin()) - 1;
}

// Slots [first, end), from their end to their beginning.
void append_buckets(const StageParameters& stage, std::size_t first, std::size_t end,
                    const BucketRule& rule, std::vector<Bucket>& buckets) {
  const std::vector<std::int64_t> bounds = chunk_bounds(stage, first, end);
  for (std::size_t last = bounds.size() - 1; last > 0;) {
    std::size_t begin = last - 1;
    while (begin > 0 && bounds[last] - bounds[begin - 1] <= rule.most_elements) --begin;
    Bucket& made = buckets.emplace_back(make_bucket(bounds, begin, last, rule.replicas));
    made.layer = layer_of(stage, made.begin);
    if (stage.slots[first].tied()) made.tied_slot = first;
    last = begin;
  }
}

// Where this replica's parts lie: in their places, or one after the other.
void place_parts(const BucketRule& rule, std::vector<Bucket>& buckets) {
  const auto mine = static_cast<std::size_t>(rule.replica);
  std::int64_t before = 0;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    const auto first = static_cast<std::int64_t>(bucket->cuts[mine]);
    bucket->own = rule.sharded ? before : bucket->begin + first;
    before += static_cast<std::int64_t>(bucket->cuts[mine + 1]) - first;
  }
}

}  // namespace

std::vector<Bucket> make_buckets(const StageParameters& stage, const BucketRule& rule) {
  std::vector<Bucket> buckets;
  for (std::size_t end = stage.slots.size(); end > 0;) {
    const auto joins = [&](std::size_t s) {
      const ParameterSlot& slot = stage.slots[s];
      return !slot.tied() && !stage.slots[end - 1].tied() &&
             (!rule.sharded ||
              layer_of(stage, slot.offset) == layer_of(stage, stage.slots[end - 1].offset));
    };
    std::size_t first = end - 1;
    while (first > 0 && joins(first - 1)) --first;
    append_buckets(stage, first, end, rule, buckets);
    end = first;
  }
  place_parts(rule, buckets);
  return buckets;
}

std::vector<Piece> pieces_of(const StageParameters& stage, const std::vector<Bucket>& buckets,
                             int replica) {
  const auto part = static_cast<std::size_t>(replica);
  std::vector<Piece> pieces;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    const std::int64_t begin = bucket->begin + static_cast<std::int64_t>(bucket->cuts[part]),
                       end = bucket->begin + static_cast<std::int64_t>(bucket->cuts[part + 1]);
    for (const ParameterSlot& slot : stage.slots) {
      const std::int64_t first = std::max(begin, slot.offset),
                         last = std::min(end, slot.offset + slot.elements);
      if (first < last) {
        pieces.push_back({&slot, first - slot.offset, last - first, bucket->own + first - begin});
      }
    }
  }
  return pieces;
}

void part_tied(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
               const BucketRule& rule) {
  const auto mine = static_cast<std::size_t>(rule.replica);
  for (TiedParameter& tied : parameters.tied()) {
    StageParameters& stage = parameters.stages()[tied.stage];
    std::int64_t first = stage.slots[tied.slot].offset;  // of what lies here of the parameter
    for (const Bucket& bucket : buckets[tied.stage]) {   // the last of its buckets begins it
      if (rule.sharded && bucket.tied_slot == tied.slot) first = bucket.own;
    }
    tied.parts.clear();
    for (const Bucket& bucket : buckets[tied.stage]) {
      if (bucket.tied_slot != tied.slot) continue;
      float* earlier =
          tied.earlier.here ? tied.earlier_gradient.f32() + bucket.own - first : nullptr;
      tied.parts.push_back({stage.gradients.f32() + bucket.own, earlier,
                            static_cast<std::int64_t>(bucket.cuts[mine + 1] - bucket.cuts[mine])});
    }
  }
}

}  // namespace pipetrain
