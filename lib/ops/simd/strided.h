// A matrix in memory whose rows, or columns, lie apart: what the vector kernels take. It must not
// know who owns the memory, nor use the standard library (see isa.h).
#pragma once

#include <cstdint>

namespace pipetrain {

template <class T>
struct Strided {
  T* data;
  std::int64_t rows, columns;
  std::int64_t row_stride, column_stride = 1;  // in entries

  T* row(std::int64_t i) const { return data + i * row_stride; }
  // Some of its rows.
  Strided part(std::int64_t first, std::int64_t count) const {
    return {row(first), count, columns, row_stride, column_stride};
  }
  // All of them without their first columns.
  Strided from_column(std::int64_t first) const {
    return {data + first * column_stride, rows, columns - first, row_stride, column_stride};
  }
  // Its first rows and columns.
  Strided corner(std::int64_t height, std::int64_t width) const {
    return {data, height, width, row_stride, column_stride};
  }
  Strided transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  Strided<const T> read() const { return {data, rows, columns, row_stride, column_stride}; }
};

}  // namespace pipetrain
