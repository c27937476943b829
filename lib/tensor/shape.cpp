#include "tensor/shape.h"

#include <cassert>

namespace pipetrain {

std::size_t element_bytes(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
    case DType::kInt32: return 4;
    case DType::kBFloat16: return 2;
    case DType::kUInt8: return 1;
  }
  return 0;
}

const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kBFloat16: return "bfloat16";
    case DType::kInt32: return "int32";
    case DType::kUInt8: return "uint8";
  }
  return "";
}

Shape::Shape(std::initializer_list<std::int64_t> extents) {
  for (const std::int64_t extent : extents) append(extent);
}

void Shape::append(std::int64_t extent) {
  assert(rank_ < kMaxRank && extent >= 0);
  extents_[static_cast<std::size_t>(rank_++)] = extent;
}

std::int64_t Shape::elements() const {
  std::int64_t product = 1;
  for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
  return product;
}

Shape Shape::batched(std::int64_t rows) const {
  Shape shape{rows};
  for (int axis = 0; axis < rank_; ++axis) shape.append((*this)[axis]);
  return shape;
}

Shape Shape::without_last() const {
  Shape shape;
  for (int axis = 0; axis + 1 < rank_; ++axis) shape.append((*this)[axis]);
  return shape;
}

std::string Shape::text() const {
  std::string text = "(";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string((*this)[axis]);
  }
  return text + ")";
}

}  // namespace pipetrain
