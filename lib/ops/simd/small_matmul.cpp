#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {
namespace {

constexpr int kVectors = 2;  // columns of a register tile, in vectors
constexpr int kRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;  // accumulators fill the registers

// Rows x (Vectors * kLanes) entries of C in registers.
template <int Rows, int Vectors>
void tile(std::int64_t k, const float* a, std::int64_t a_row, std::int64_t a_column, const float* b,
          std::int64_t ldb, float* c, std::int64_t ldc, bool accumulate) {
  Vector sums[Rows][Vectors];
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) {
      sums[i][v] = accumulate ? load(c + i * ldc + v * kLanes) : Vector{};
    }
  }
  for (std::int64_t l = 0; l < k; ++l) {
    Vector row[Vectors];
    for (int v = 0; v < Vectors; ++v) row[v] = load(b + l * ldb + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const Vector entry = filled(a[i * a_row + l * a_column]);
      for (int v = 0; v < Vectors; ++v) sums[i][v] = multiply_add(entry, row[v], sums[i][v]);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) store(c + i * ldc + v * kLanes, sums[i][v]);
  }
}

// One row at a time for the n < kLanes columns that are left over.
void narrow(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t a_row,
            std::int64_t a_column, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
            bool accumulate) {
  for (std::int64_t i = 0; i < m; ++i) {
    float sums[kLanes] = {};
    if (accumulate) __builtin_memcpy(sums, c + i * ldc, static_cast<unsigned long>(n) * 4);
    for (std::int64_t l = 0; l < k; ++l) {
      const float entry = a[i * a_row + l * a_column];
      for (std::int64_t j = 0; j < n; ++j) sums[j] = multiply_add(entry, b[l * ldb + j], sums[j]);
    }
    __builtin_memcpy(c + i * ldc, sums, static_cast<unsigned long>(n) * 4);
  }
}

template <int Rows, int Vectors>
void remaining_rows(std::int64_t rows, std::int64_t k, const float* a, std::int64_t a_row,
                    std::int64_t a_column, const float* b, std::int64_t ldb, float* c,
                    std::int64_t ldc, bool accumulate) {
  if constexpr (Rows > 0) {
    if (rows == Rows) {
      tile<Rows, Vectors>(k, a, a_row, a_column, b, ldb, c, ldc, accumulate);
    } else {
      remaining_rows<Rows - 1, Vectors>(rows, k, a, a_row, a_column, b, ldb, c, ldc, accumulate);
    }
  }
}

// Vectors * kLanes columns of C.
template <int Vectors>
void panel(std::int64_t m, std::int64_t k, const float* a, std::int64_t a_row,
           std::int64_t a_column, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
           bool accumulate) {
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows) {
    tile<kRows, Vectors>(k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc, ldc, accumulate);
  }
  remaining_rows<kRows - 1, Vectors>(m - i, k, a + i * a_row, a_row, a_column, b, ldb, c + i * ldc,
                                     ldc, accumulate);
}

}  // namespace

void small_matmul(std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                  std::int64_t a_row, std::int64_t a_column, const float* b, std::int64_t ldb,
                  float* c, std::int64_t ldc, bool accumulate) {
  std::int64_t j = 0;
  for (; j + kVectors * kLanes <= n; j += kVectors * kLanes) {
    panel<kVectors>(m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
  }
  for (; j + kLanes <= n; j += kLanes) {
    panel<1>(m, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
  }
  if (j < n) narrow(m, n - j, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
}

}  // namespace pipetrain::PIPETRAIN_ISA
