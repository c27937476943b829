// Which part of a whole tensor one rank of a tensor-parallel group holds (Shoeybi et al.,
// arXiv:1909.08053, section 3). Arithmetic on indices; it must not know layers or messages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tensor/shape.h"

namespace pipetrain {

// A rank's place in the group of ranks that share the layers.
struct TensorPlace {
  int rank = 0, size = 1;

  bool alone() const { return size == 1; }
  bool first() const { return rank == 0; }
};

struct Range {
  std::int64_t first = 0, count = 0;
};

// The place's part of `whole` entries: parts differ by one at most, the larger ones first.
inline Range part_of(std::int64_t whole, const TensorPlace& place) {
  const std::int64_t count = whole / place.size, larger = whole % place.size;
  return {place.rank * count + std::min<std::int64_t>(place.rank, larger),
          count + (place.rank < larger ? 1 : 0)};
}

// Some ranges of a tensor along one axis, one after the other. Along another than the first axis
// there is one range.
struct Slicing {
  int axis = 0;
  std::vector<Range> ranges;  // empty: the whole tensor
  int parts = 1;              // of the tensor, of which this is one

  bool sliced() const { return parts > 1; }
};

// The part of the place of each of these runs of entries along `axis`, which follow each other:
// queries, keys and values have their heads, gate and up their columns.
inline Slicing slicing(int axis, const std::vector<std::int64_t>& runs, const TensorPlace& place) {
  if (place.alone()) return {};
  Slicing made{axis, {}, place.size};
  std::int64_t begin = 0;
  for (const std::int64_t run : runs) {
    const Range part = part_of(run, place);
    made.ranges.push_back({begin + part.first, part.count});
    begin += run;
  }
  return made;
}

// What a slice of a tensor of shape `whole` has of it.
inline Shape shape_of(const Slicing& slicing, const Shape& whole) {
  if (!slicing.sliced()) return whole;
  Shape shape;
  for (int axis = 0; axis < whole.rank(); ++axis) {
    std::int64_t extent = axis == slicing.axis ? 0 : whole[axis];
    if (axis == slicing.axis) {
      for (const Range& range : slicing.ranges) extent += range.count;
    }
    shape.append(extent);
  }
  return shape;
}

// A box of the whole tensor, seen as a matrix of its first axis and all others, that is one run of
// entries of the slice.
struct SliceBox {
  std::int64_t at = 0;                                      // in the slice
  std::int64_t row = 0, column = 0, rows = 0, columns = 0;  // in the whole tensor

  std::int64_t elements() const { return rows * columns; }
};

// What makes up the entries first, ..., first + count - 1 of a slice of a tensor of shape `whole`,
// in order.
std::vector<SliceBox> boxes_of(const Slicing& slicing, const Shape& whole, std::int64_t first,
                               std::int64_t count);

}  // namespace pipetrain
