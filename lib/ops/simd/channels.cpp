#include <cstdint>

#include "ops/simd/isa.h"

// Rows of channels, as images keep them: the loops go over the channels of one row, so that all
// lanes do the same.
namespace pipetrain::PIPETRAIN_ISA {

void moments(const float* __restrict x, std::int64_t rows, std::int64_t width,
             float* __restrict sums, float* __restrict squares) {
  for (std::int64_t c = 0; c < width; ++c) sums[c] = squares[c] = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < width; ++c) sums[c] += x[r * width + c];
  }
  const float inverse = 1.0f / static_cast<float>(rows);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      const float centered = x[r * width + c] - sums[c] * inverse;
      squares[c] += centered * centered;
    }
  }
}

void batch_norm_forward(const float* __restrict x, std::int64_t rows, const BatchNormRow& row,
                        float* __restrict y) {
  const std::int64_t width = row.width;
  const float* __restrict mean = row.mean, * __restrict scale = row.scale, * __restrict shift = row.shift;
  const float floor = row.relu ? 0.0f : -__builtin_huge_valf();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      const float value = (x[r * width + c] - mean[c]) * scale[c] + shift[c];
      y[r * width + c] = value <= floor ? floor : value;  // NaN stays NaN
    }
  }
}

void batch_norm_sums(float* __restrict dy, const float* __restrict x, std::int64_t rows,
                     const BatchNormRow& row, float* __restrict dgamma, float* __restrict dbeta) {
  const std::int64_t width = row.width;
  const float* __restrict mean = row.mean, * __restrict scale = row.scale, * __restrict shift = row.shift;
  for (std::int64_t c = 0; c < width; ++c) dgamma[c] = dbeta[c] = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    if (row.relu) {
      for (std::int64_t c = 0; c < width; ++c) {
        const float value = (x[r * width + c] - mean[c]) * scale[c] + shift[c];
        dy[r * width + c] = value <= 0.0f ? 0.0f : dy[r * width + c];
      }
    }
    for (std::int64_t c = 0; c < width; ++c) {
      dgamma[c] += dy[r * width + c] * (x[r * width + c] - mean[c]);
      dbeta[c] += dy[r * width + c];
    }
  }
}

void batch_norm_backward(float* __restrict dy, const float* __restrict x, std::int64_t rows,
                         const BatchNormRow& row, const float* __restrict slope,
                         const float* __restrict offset) {
  const std::int64_t width = row.width;
  const float* __restrict mean = row.mean, * __restrict scale = row.scale;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      dy[r * width + c] =
          dy[r * width + c] * scale[c] - (x[r * width + c] - mean[c]) * slope[c] - offset[c];
    }
  }
}

void keep_larger(float* __restrict largest, std::uint8_t* __restrict which,
                 const float* __restrict x, std::uint8_t number, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const bool replaces = x[i] > largest[i] || x[i] != x[i];  // NaN wins, and is kept
    largest[i] = replaces ? x[i] : largest[i];
    which[i] = replaces ? number : which[i];
  }
}

void add_where(float* __restrict to, const float* __restrict from,
               const std::uint8_t* __restrict which, std::uint8_t number, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += which[i] == number ? from[i] : 0.0f;
}

}  // namespace pipetrain::PIPETRAIN_ISA
