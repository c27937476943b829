#include "nn/slice.h"

#include <cstddef>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace slice_test {

TEST_CASE("A run of a slice is boxes of the whole tensor, in order") {
  // Of the rows 0-5 and 6-8 of 4 columns, the second of three parts: rows 2, 3 and 7.
  const Slicing rows = slicing(0, {6, 3}, {1, 3});
  CHECK(shape_of(rows, {9, 4}) == Shape{3, 4});
  const std::vector<SliceBox> boxes = boxes_of(rows, {9, 4}, 1, 10);
  REQUIRE(boxes.size() == 3);
  const auto is = [&](std::size_t i, const SliceBox& b) {
    const SliceBox& a = boxes[i];
    return a.at == b.at && a.row == b.row && a.column == b.column && a.rows == b.rows &&
           a.columns == b.columns;
  };
  CHECK(is(0, {1, 2, 1, 1, 3}));
  CHECK(is(1, {4, 3, 0, 1, 4}));
  CHECK(is(2, {8, 7, 0, 1, 3}));
  CHECK(part_of(65, {0, 2}).count == 33);
  CHECK(part_of(65, {1, 2}).first == 33);
  CHECK(part_of(65, {1, 2}).count == 32);
}

}  // namespace slice_test
