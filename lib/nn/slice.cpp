#include "nn/slice.h"

#include <cassert>

namespace pipetrain {
namespace {

// Entries first, ..., first + count - 1 of a matrix with rows of `columns`: the rest of a row,
// whole rows, the beginning of one.
std::vector<SliceBox> runs_of(std::int64_t columns, std::int64_t first, std::int64_t count) {
  std::vector<SliceBox> boxes;
  const std::int64_t end = first + count;
  for (std::int64_t at = first; at < end;) {
    const std::int64_t row = at / columns, column = at % columns;
    const std::int64_t rows = column == 0 ? std::max<std::int64_t>(1, (end - at) / columns) : 1;
    const std::int64_t width = rows > 1 ? columns : std::min(columns - column, end - at);
    boxes.push_back({at, row, column, rows, width});
    at += rows * width;
  }
  return boxes;
}

}  // namespace

std::vector<SliceBox> boxes_of(const Slicing& slicing, const Shape& whole, std::int64_t first,
                               std::int64_t count) {
  const Shape here = shape_of(slicing, whole);
  const std::int64_t columns = here.elements() / here[0];
  std::vector<SliceBox> boxes = runs_of(columns, first, count);
  if (!slicing.sliced()) return boxes;
  if (slicing.axis > 0) {
    assert(whole.rank() == 2 && slicing.ranges.size() == 1);
    for (SliceBox& box : boxes) box.column += slicing.ranges.front().first;
    return boxes;
  }
  std::vector<SliceBox> cut;  // where a range ends
  for (const SliceBox& box : boxes) {
    std::int64_t begin = 0;  // of the range, in the slice's rows
    for (const Range& range : slicing.ranges) {
      const std::int64_t from = std::max(box.row, begin);
      const std::int64_t rows = std::min(box.row + box.rows, begin + range.count) - from;
      if (rows > 0) {
        cut.push_back({from * columns + box.column, range.first + from - begin, box.column, rows,
                       box.columns});
      }
      begin += range.count;
    }
  }
  return cut;
}

}  // namespace pipetrain
