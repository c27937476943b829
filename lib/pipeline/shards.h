// How a stage's flat buffers are shared out over the replicas: in buckets that are summed or
// gathered one by one, each cut into a part for every replica. Pure arithmetic; it must not know
// messages or optimizers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "comm/collective.h"
#include "pipeline/parameter_store.h"

namespace pipetrain {

// A part of a stage's flat buffers. All cuts are at chunks of a parameter (kChunkElements), so that
// every chunk's share in the gradient norm is one replica's.
struct Bucket {
  static constexpr std::size_t kNoSlot = ~std::size_t{0};

  std::int64_t begin = 0;
  Cuts cuts;                        // within the bucket, one part per replica
  std::size_t layer = 0;            // the first that has some of it
  std::size_t tied_slot = kNoSlot;  // of this tied parameter and nothing else; cut alike everywhere
  std::int64_t own = 0;             // where this replica's part lies in the stage's buffers

  bool tied() const { return tied_slot != kNoSlot; }
  std::size_t elements() const { return cuts.back(); }
  std::span<float> of(Tensor& buffer) const {
    return buffer.floats().subspan(static_cast<std::size_t>(begin), elements());
  }
};

struct BucketRule {
  int replicas = 1, replica = 0;
  std::int64_t most_elements = 0;
  bool sharded = false;  // buffers hold this replica's parts alone; no bucket spans layers
};

// From the stage's end to its beginning, as gradients become complete.
std::vector<Bucket> make_buckets(const StageParameters& stage, const BucketRule& rule);

// What is in the parts of replica `replica`, in ascending order; `at` as `own` says. The stage
// outlives it.
std::vector<Piece> pieces_of(const StageParameters& stage, const std::vector<Bucket>& buckets,
                             int replica);

// The tied parameters' parts of this replica, one for each of their buckets: what of both uses'
// gradients is added.
void part_tied(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
               const BucketRule& rule);

}  // namespace pipetrain
