#include <cstdint>

#include "ops/simd/pairs.h"
#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {
namespace {

constexpr int kVectors = 2;  // columns of a register tile, in vectors
constexpr int kRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;  // accumulators fill the registers

// Where the operands of a product begin that is a part of another, and its number of terms. T:
// float, or BFloat16Pair, whose terms are two products.
template <class T>
struct Product {
  const T* a;
  std::int64_t a_row, a_column;
  const T* b;
  std::int64_t b_row;
  float* c;
  std::int64_t c_row;
  std::int64_t terms;
  bool accumulate;

  // What is left of it below row i, and right of column j.
  PIPETRAIN_INLINE Product below(std::int64_t i) const {
    return {a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, terms, accumulate};
  }
  PIPETRAIN_INLINE Product right_of(std::int64_t j) const {
    return {a, a_row, a_column, b + j, b_row, c + j, c_row, terms, accumulate};
  }
};

// Rows x (Vectors * kLanes) entries of C in registers.
template <int Rows, int Vectors, class T>
void tile(const Product<T>& product) {
  const auto [a, a_row, a_column, b, b_row, c, c_row, terms, accumulate] = product;
  Vector sums[Rows][Vectors];
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) {
      sums[i][v] = accumulate ? load(c + i * c_row + v * kLanes) : Vector{};
    }
  }
  for (std::int64_t l = 0; l < terms; ++l) {
    decltype(load(b)) row[Vectors];
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + l * b_row + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const auto entry = filled(a[i * a_row + l * a_column]);
      for (int v = 0; v < Vectors; ++v) sums[i][v] = multiply_add(entry, row[v], sums[i][v]);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) store(c + i * c_row + v * kLanes, sums[i][v]);
  }
}

// One row at a time for the `columns` < kLanes columns that are left over.
void narrow(const Product<float>& product, std::int64_t rows, std::int64_t columns) {
  const auto [a, a_row, a_column, b, b_row, c, c_row, terms, accumulate] = product;
  for (std::int64_t i = 0; i < rows; ++i) {
    float sums[kLanes] = {};
    if (accumulate) __builtin_memcpy(sums, c + i * c_row, static_cast<unsigned long>(columns) * 4);
    for (std::int64_t l = 0; l < terms; ++l) {
      const float entry = a[i * a_row + l * a_column];
      for (std::int64_t j = 0; j < columns; ++j) {
        sums[j] = multiply_add(entry, b[l * b_row + j], sums[j]);
      }
    }
    __builtin_memcpy(c + i * c_row, sums, static_cast<unsigned long>(columns) * 4);
  }
}

template <int Rows, int Vectors, class T>
void remaining_rows(const Product<T>& product, std::int64_t rows) {
  if constexpr (Rows > 0) {
    if (rows == Rows) {
      tile<Rows, Vectors>(product);
    } else {
      remaining_rows<Rows - 1, Vectors>(product, rows);
    }
  }
}

// Vectors * kLanes columns of C.
template <int Vectors, class T>
void panel(const Product<T>& product, std::int64_t rows) {
  std::int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) tile<kRows, Vectors>(product.below(i));
  remaining_rows<kRows - 1, Vectors>(product.below(i), rows - i);
}

// Whole vectors of columns; returns how many columns those are.
template <class T>
std::int64_t whole_vectors(const Product<T>& product, std::int64_t rows, std::int64_t columns) {
  std::int64_t j = 0;
  for (; j + kVectors * kLanes <= columns; j += kVectors * kLanes) {
    panel<kVectors>(product.right_of(j), rows);
  }
  for (; j + kLanes <= columns; j += kLanes) panel<1>(product.right_of(j), rows);
  return j;
}

template <class T>
Product<T> product_of(const Strided<const T>& a, const Strided<const T>& b, const Strided<float>& c,
                      bool accumulate) {
  return {a.data, a.row_stride, a.column_stride, b.data,    b.row_stride,
          c.data, c.row_stride, a.columns,       accumulate};
}

}  // namespace

void small_matmul(const Strided<const float>& a, const Strided<const float>& b,
                  const Strided<float>& c, bool accumulate) {
  const Product<float> product = product_of(a, b, c, accumulate);
  const std::int64_t j = whole_vectors(product, c.rows, c.columns);
  if (j < c.columns) narrow(product.right_of(j), c.rows, c.columns - j);
}

void pair_matmul(const Strided<const BFloat16Pair>& a, const Strided<const BFloat16Pair>& b,
                 const Strided<float>& c, bool accumulate) {
  whole_vectors(product_of(a, b, c, accumulate), c.rows, c.columns);
}

void pair_rows(const BFloat16* first, const BFloat16* second, BFloat16Pair* pairs, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    pairs[i].bits = static_cast<std::uint32_t>(first[i].bits) |
                    static_cast<std::uint32_t>(second[i].bits) << 16;
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
