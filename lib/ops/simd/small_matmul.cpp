#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {
namespace {

constexpr int kVectors = 2;  // columns of a register tile, in vectors
constexpr int kColumns = kVectors * kLanes;
constexpr int kRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;  // accumulators fill the registers

// Rows x kColumns entries of C in registers.
template <int Rows>
void tile(std::int64_t k, const float* a, std::int64_t a_row, std::int64_t a_column, const float* b,
          std::int64_t ldb, float* c, std::int64_t ldc, bool accumulate) {
  Vector sums[Rows][kVectors];
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      sums[i][v] = accumulate ? load(c + i * ldc + v * kLanes) : Vector{};
    }
  }
  for (std::int64_t l = 0; l < k; ++l) {
    const Vector b0 = load(b + l * ldb), b1 = load(b + l * ldb + kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < Rows; ++i) {
      const float entry = a[i * a_row + l * a_column];
      sums[i][0] += entry * b0;
      sums[i][1] += entry * b1;
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < kVectors; ++v) store(c + i * ldc + v * kLanes, sums[i][v]);
  }
}

// One row at a time for what is left over: n < kColumns columns, or fewer rows than a tile.
void narrow(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t a_row,
            std::int64_t a_column, const float* b, std::int64_t ldb, float* c, std::int64_t ldc,
            bool accumulate) {
  for (std::int64_t i = 0; i < m; ++i) {
    float sums[kColumns] = {};
    if (accumulate) __builtin_memcpy(sums, c + i * ldc, static_cast<unsigned long>(n) * 4);
    for (std::int64_t l = 0; l < k; ++l) {
      const float entry = a[i * a_row + l * a_column];
      for (std::int64_t j = 0; j < n; ++j) sums[j] += entry * b[l * ldb + j];
    }
    __builtin_memcpy(c + i * ldc, sums, static_cast<unsigned long>(n) * 4);
  }
}

template <int Rows>
void remaining_rows(std::int64_t rows, std::int64_t k, const float* a, std::int64_t a_row,
                    std::int64_t a_column, const float* b, std::int64_t ldb, float* c,
                    std::int64_t ldc, bool accumulate) {
  if constexpr (Rows > 0) {
    if (rows == Rows) {
      tile<Rows>(k, a, a_row, a_column, b, ldb, c, ldc, accumulate);
    } else {
      remaining_rows<Rows - 1>(rows, k, a, a_row, a_column, b, ldb, c, ldc, accumulate);
    }
  }
}

}  // namespace

void small_matmul(std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                  std::int64_t a_row, std::int64_t a_column, const float* b, std::int64_t ldb,
                  float* c, std::int64_t ldc, bool accumulate) {
  std::int64_t j = 0;
  for (; j + kColumns <= n; j += kColumns) {
    std::int64_t i = 0;
    for (; i + kRows <= m; i += kRows) {
      tile<kRows>(k, a + i * a_row, a_row, a_column, b + j, ldb, c + i * ldc + j, ldc, accumulate);
    }
    remaining_rows<kRows - 1>(m - i, k, a + i * a_row, a_row, a_column, b + j, ldb, c + i * ldc + j,
                              ldc, accumulate);
  }
  if (j < n) narrow(m, n - j, k, a, a_row, a_column, b + j, ldb, c + j, ldc, accumulate);
}

void transpose(std::int64_t rows, std::int64_t columns, const float* __restrict from,
               std::int64_t from_stride, float* __restrict to, std::int64_t to_stride) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    const std::int64_t i1 = i0 + kBlock < rows ? i0 + kBlock : rows;
    for (std::int64_t j = 0; j < columns; ++j) {
      for (std::int64_t i = i0; i < i1; ++i) to[j * to_stride + i] = from[i * from_stride + j];
    }
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
