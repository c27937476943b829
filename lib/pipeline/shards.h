// How a stage's flat buffer is shared out over the replicas: in buckets that are summed one by one,
// each cut into a part for every replica. Pure arithmetic; it must not know messages or optimizers.
#pragma once

#include <cstdint>
#include <vector>

#include "comm/collective.h"
#include "pipeline/parameter_store.h"

namespace pipetrain {

// A part of a stage's flat buffers. All cuts are at chunks of a parameter (kChunkElements), so that
// every chunk's share in the gradient norm is one replica's.
struct Bucket {
  std::int64_t begin = 0;
  Cuts cuts;          // within the bucket, one part per replica
  bool tied = false;  // of a tied parameter: complete only when its two uses have been added up

  std::size_t elements() const { return cuts.back(); }
  std::span<float> of(Tensor& buffer) const {
    return buffer.floats().subspan(static_cast<std::size_t>(begin), elements());
  }
};

// A piece of one parameter, from one of its chunks on.
struct Piece {
  const ParameterSlot* slot = nullptr;
  std::int64_t first = 0, elements = 0;  // within the parameter

  std::int64_t offset() const { return slot->offset + first; }  // within the flat buffers
};

// In the order in which the gradients become complete: from the stage's end to its beginning, then
// what is tied.
std::vector<Bucket> make_buckets(const StageParameters& stage, int replicas,
                                 std::int64_t most_elements);

// What is in the parts of replica `replica`, in ascending order. The stage outlives it.
std::vector<Piece> pieces_of(const StageParameters& stage, const std::vector<Bucket>& buckets,
                             int replica);

}  // namespace pipetrain
