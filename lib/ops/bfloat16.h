// Tensors and weights in bfloat16. Conversions round to nearest, of two to the even one. It must
// not know layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "ops/ops.h"

namespace pipetrain {

// n entries of one kind as the other.
void widen(Ops& ops, std::int64_t n, const BFloat16* from, float* to);
void round(Ops& ops, std::int64_t n, const float* from, BFloat16* to);

// x as a tensor of this kind: itself if it is one, else a copy.
Tensor converted(Ops& ops, Tensor x, DType dtype);

// Rounded copies of weights, which stay float32 where they are trained.
class BFloat16Weights {
 public:
  // The copy of these weights, made at its first use since changed().
  const BFloat16* of(Ops& ops, const float* weights, std::int64_t elements);
  void changed();
  void forget() { copies_.clear(); }
  std::size_t made() const { return made_; }  // so far

 private:
  struct Copy {
    Tensor tensor;
    bool current = false;
  };
  std::unordered_map<const float*, Copy> copies_;  // by where the weights live
  std::size_t made_ = 0;
};

}  // namespace pipetrain
