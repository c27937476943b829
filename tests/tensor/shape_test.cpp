#include "tensor/shape.h"

#include <cstdint>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Each data type has its size and name") {
  CHECK(element_bytes(DType::kFloat32) == 4);
  CHECK(element_bytes(DType::kBFloat16) == 2);
  CHECK(element_bytes(DType::kInt32) == 4);
  CHECK(element_bytes(DType::kUInt8) == 1);
  CHECK(name_of(DType::kFloat32) == std::string("float32"));
  CHECK(name_of(DType::kBFloat16) == std::string("bfloat16"));
  CHECK(name_of(DType::kInt32) == std::string("int32"));
  CHECK(name_of(DType::kUInt8) == std::string("uint8"));
}

TEST_CASE("A shape counts its elements and its rows") {
  const Shape shape{12, 64, 128};
  CHECK(shape.rank() == 3);
  CHECK(shape[1] == 64);
  CHECK(shape.back() == 128);
  CHECK(shape.elements() == 12 * 64 * 128);
  CHECK(shape.rows() == 12 * 64);
  CHECK(shape.text() == "(12, 64, 128)");
  CHECK(Shape{1 << 20, 1 << 20}.elements() == std::int64_t{1} << 40);
  CHECK(Shape{3, 0}.elements() == 0);
}

TEST_CASE("A scalar has no axes and one element") {
  const Shape scalar;
  CHECK(scalar.rank() == 0);
  CHECK(scalar.elements() == 1);
  CHECK(scalar.text() == "()");
  CHECK(scalar.without_last() == scalar);
}

TEST_CASE("A batch is one axis more, in front; an axis less is the last") {
  Shape row{4};
  row.append(2);
  CHECK(row == Shape{4, 2});
  CHECK(row.batched(3) == Shape{3, 4, 2});
  CHECK(Shape().batched(3) == Shape{3});
  CHECK(row.without_last() == Shape{4});
  CHECK(Shape{5}.without_last() == Shape());
  CHECK(Shape{2, 3} != Shape{3, 2});
  CHECK(Shape{2, 1} != Shape{2});
}
