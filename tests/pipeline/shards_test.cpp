#include "pipeline/shards.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "schedule/limits.h"
#include "small_model.h"

using namespace pipetrain;

namespace shards_test {

TEST_CASE("Buckets and their parts cut a stage's buffer at chunks, from its end, tied ones apart") {
  const SmallModel model;
  MemoryPool pool;
  const auto store = model.store(pool, {0}, {0});
  const StageParameters& stage = store->stages()[0];
  const std::size_t tied = store->tied().at(0).slot;
  for (const int replicas : {1, 2, 3, 5}) {
    for (const std::int64_t most : {std::int64_t{1}, std::int64_t{200}, std::int64_t{1} << 20}) {
      const std::vector<Bucket> buckets = make_buckets(stage, {replicas, 0, most});
      std::vector<int> covered(static_cast<std::size_t>(stage.values.elements()));
      for (std::size_t b = 0; b < buckets.size(); ++b) {
        const Bucket& bucket = buckets[b];
        CHECK(bucket.cuts.size() == static_cast<std::size_t>(replicas) + 1);
        CHECK(std::is_sorted(bucket.cuts.begin(), bucket.cuts.end()));
        if (b > 0) CHECK(bucket.begin < buckets[b - 1].begin);
        const std::int64_t first = stage.slots[tied].offset,
                           end = first + stage.slots[tied].elements;
        const std::int64_t last = bucket.begin + static_cast<std::int64_t>(bucket.elements());
        CHECK(bucket.tied() == (bucket.begin >= first && bucket.begin < end));
        CHECK(bucket.tied() == (last > first && last <= end));
        for (std::size_t i = 0; i < bucket.elements(); ++i) {
          ++covered[static_cast<std::size_t>(bucket.begin) + i];
        }
      }
      CHECK(covered == std::vector<int>(covered.size(), 1));

      std::int64_t elements = 0;
      for (int replica = 0; replica < replicas; ++replica) {
        for (const Piece& piece : pieces_of(stage, buckets, replica)) {
          CHECK(piece.first % kChunkElements == 0);
          if (replica == 0) CHECK(piece.at == piece.slot->offset + piece.first);
          const std::int64_t end = piece.first + piece.elements;
          CHECK((end % kChunkElements == 0 || end == piece.slot->elements));
          elements += piece.elements;
        }
      }
      CHECK(elements == stage.values.elements());
    }
  }
}

TEST_CASE("Sharded, no bucket spans layers, and a replica's pieces lie one after the other") {
  const SmallModel model;
  MemoryPool pool;
  const auto store = model.store(pool, {0}, {0});
  const StageParameters& stage = store->stages()[0];
  for (const int replicas : {2, 3}) {
    for (int replica = 0; replica < replicas; ++replica) {
      const std::vector<Bucket> buckets =
          make_buckets(stage, {replicas, replica, std::int64_t{1} << 20, /*sharded=*/true});
      for (const Bucket& bucket : buckets) {
        const auto next = bucket.layer + 1;
        const std::int64_t end =
            next < stage.layer_offsets.size() ? stage.layer_offsets[next] : stage.elements();
        CHECK(bucket.begin >= stage.layer_offsets[bucket.layer]);
        CHECK(bucket.begin + static_cast<std::int64_t>(bucket.elements()) <= end);
      }
      std::int64_t at = 0;
      for (const Piece& piece : pieces_of(stage, buckets, replica)) {
        CHECK(piece.at == at);
        at += piece.elements;
      }
    }
  }
}

TEST_CASE("Parts of a bucket of many chunks are even") {
  StageParameters stage;
  Parameter parameter;
  stage.slots.push_back({&parameter, 0, 64 * kChunkElements, 0});
  for (const int replicas : {2, 4, 8}) {
    const Bucket bucket = make_buckets(stage, {replicas, 0, std::int64_t{1} << 30}).at(0);
    for (std::size_t r = 0; r + 1 < bucket.cuts.size(); ++r) {
      CHECK(bucket.cuts[r + 1] - bucket.cuts[r] ==
            static_cast<std::size_t>(64 / replicas * kChunkElements));
    }
  }
}

}  // namespace shards_test
