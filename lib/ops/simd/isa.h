// What the files of this folder share: each is compiled once per instruction set, in a namespace
// named after it. Only builtins and plain loops here: an inline function of the standard library,
// compiled for a newer processor, could be the one that the linker keeps for all.
#pragma once

#include "ops/simd/kernels.h"

#ifndef PIPETRAIN_ISA
#error "compiled per instruction set: see meson.build"
#endif

#if defined(__AVX512F__)
#define PIPETRAIN_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define PIPETRAIN_VECTOR_BYTES 32
#else
#define PIPETRAIN_VECTOR_BYTES 16
#endif

namespace pipetrain::PIPETRAIN_ISA {

// exp(x): 2^n p(r) with n = round(x / ln 2), p of degree 6 (Taylor's, |r| <= ln 2 / 2). Relative
// error below 4e-7 with fused multiply-adds; without, r is rounded: below 5e-6 at |x| = 88. NaN
// stays NaN; outside [-87, 88] the result is that of the bound, so it is never infinite or denormal.
[[gnu::always_inline]] inline float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float n = __builtin_floorf(x * 1.44269504f + 0.5f);
  const float r = x - n * 0.693147181f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
  float power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return p * power;
}

void small_matmul(std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
                  std::int64_t a_row, std::int64_t a_column, const float* b, std::int64_t ldb,
                  float* c, std::int64_t ldc, bool accumulate);
void transpose(std::int64_t rows, std::int64_t columns, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride);
float exp_scaled(float* x, std::int64_t n, float scale, float shift);
float maximum(const float* x, std::int64_t n);
float dot(const float* x, const float* y, std::int64_t n);
void scale(float* x, std::int64_t n, float factor);
void add(float* to, const float* from, std::int64_t n);
void add_product(float* to, const float* x, const float* y, std::int64_t n);
void softmax_backward(float* ds, const float* p, std::int64_t n, float delta, float factor);
bool all_finite(const float* x, std::int64_t n);
double sum_squares(const float* x, std::int64_t n);
void gelu_forward(const float* x, float* y, std::int64_t n);
void gelu_backward(float* dy, float* x, std::int64_t n);
float layer_norm_forward(const float* x, const float* gamma, const float* beta, float* normalized,
                         float* y, std::int64_t n, float epsilon);
void scale_shift(const float* normalized, const float* gamma, const float* beta, float* y,
                 std::int64_t n);
void layer_norm_backward(float* dy, const float* normalized, const float* gamma, const float* skip,
                         float rstd, float* dgamma, float* dbeta, std::int64_t n);
void adamw(float* value, const float* gradient, float* first, float* second, std::int64_t n,
           const AdamWStep& step);
void sgd(float* value, const float* gradient, float* momentum, std::int64_t n, const SgdStep& step);

extern const SimdKernels kernels;

}  // namespace pipetrain::PIPETRAIN_ISA
