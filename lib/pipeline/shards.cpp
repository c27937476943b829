#include "pipeline/shards.h"

#include <algorithm>

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
                   int replicas, bool tied) {
  const std::int64_t begin = bounds[first], elements = bounds[last] - begin;
  Bucket bucket{begin, {0}, tied};
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

// From the end of the slots to their beginning.
void append_buckets(const StageParameters& stage, std::size_t first, std::size_t end, int replicas,
                    std::int64_t most_elements, bool tied, std::vector<Bucket>& buckets) {
  const std::vector<std::int64_t> bounds = chunk_bounds(stage, first, end);
  for (std::size_t last = bounds.size() - 1; last > 0;) {
    std::size_t begin = last - 1;
    while (begin > 0 && bounds[last] - bounds[begin - 1] <= most_elements) --begin;
    buckets.push_back(make_bucket(bounds, begin, last, replicas, tied));
    last = begin;
  }
}

}  // namespace

std::vector<Bucket> make_buckets(const StageParameters& stage, int replicas,
                                 std::int64_t most_elements) {
  std::vector<Bucket> buckets;
  for (const bool tied : {false, true}) {
    for (std::size_t end = stage.slots.size(); end > 0;) {
      std::size_t first = end - 1;
      const bool is_tied = stage.slots[first].tied;
      while (first > 0 && stage.slots[first - 1].tied == is_tied) --first;
      if (is_tied == tied) {
        append_buckets(stage, first, end, replicas, most_elements, tied, buckets);
      }
      end = first;
    }
  }
  return buckets;
}

std::vector<Piece> pieces_of(const StageParameters& stage, const std::vector<Bucket>& buckets,
                             int replica) {
  const auto part = static_cast<std::size_t>(replica);
  std::vector<Piece> pieces;
  for (const Bucket& bucket : buckets) {
    const std::int64_t begin = bucket.begin + static_cast<std::int64_t>(bucket.cuts[part]),
                       end = bucket.begin + static_cast<std::int64_t>(bucket.cuts[part + 1]);
    for (const ParameterSlot& slot : stage.slots) {
      const std::int64_t first = std::max(begin, slot.offset),
                         last = std::min(end, slot.offset + slot.elements);
      if (first < last) pieces.push_back({&slot, first - slot.offset, last - first});
    }
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.offset() < b.offset(); });
  return pieces;
}

}  // namespace pipetrain
