// Shapes and data types of tensors. They must not know memory or arithmetic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace pipetrain {

enum class DType : std::uint8_t { kFloat32, kBFloat16, kInt32, kUInt8 };

std::size_t element_bytes(DType dtype);
const char* name_of(DType dtype);

// Up to four extents, outermost first. A scalar has rank 0 and one element.
class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);

  int rank() const { return rank_; }
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  std::int64_t back() const { return extents_[static_cast<std::size_t>(rank_ - 1)]; }
  std::int64_t elements() const;
  std::int64_t rows() const { return elements() / back(); }  // all axes but the last, flattened
  void append(std::int64_t extent);
  std::string text() const;  // "(12, 64, 128)"

  Shape batched(std::int64_t rows) const;  // (rows, this...)
  Shape without_last() const;              // all axes but the last

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::array<std::int64_t, kMaxRank> extents_ = {};
  int rank_ = 0;
};

}  // namespace pipetrain
