// What attention over a slice of rows looks at in the slices before it. It must not know what is
// computed of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "nn/layer.h"
#include "ops/attention/attention.h"

namespace pipetrain {

// Where a slice keeps its queries, keys and values (B, t, H + 2 G, D), and what the slices behind
// it add up for its keys and values.
struct SliceSlots {
  int qkv = 0, later = 0;
};

// What the slices of the same rows before one keep, the first one first.
inline std::vector<EarlierSlice> earlier_slices(const Saved& saved, const SliceSlots& slots) {
  std::vector<EarlierSlice> slices;
  for (Saved* slice = saved.earlier(); slice != nullptr; slice = slice->earlier()) {
    Tensor& sums = (*slice)[slots.later];
    slices.push_back(
        {(*slice)[slots.qkv], (*slice)[slots.qkv].shape()[1], sums.empty() ? nullptr : sums.f32()});
  }
  std::ranges::reverse(slices);
  return slices;
}

// The last slice's backward comes first and makes the sums of the others.
inline void make_room_for_gradients(Ops& ops, const Saved& saved, const SliceSlots& slots,
                                    std::int64_t width) {
  for (Saved* slice = saved.earlier(); slice != nullptr; slice = slice->earlier()) {
    Tensor& sums = (*slice)[slots.later];
    if (!sums.empty()) continue;
    const Shape& qkv = (*slice)[slots.qkv].shape();
    sums = Tensor(ops.pool(), {qkv[0], qkv[1], width});
    std::memset(sums.data(), 0, sums.bytes());
  }
}

}  // namespace pipetrain
