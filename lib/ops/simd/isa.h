// What the files of this folder share: each is compiled once per instruction set, in a namespace
// named after it. Only builtins and plain loops here: an inline function of the standard library,
// compiled for a newer processor, could be the one that the linker keeps for all.
#pragma once

#include "ops/simd/kernels.h"

#ifndef PIPETRAIN_ISA
#error "compiled per instruction set: see meson.build"
#endif

namespace pipetrain::PIPETRAIN_ISA {

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
void dropout_factors(const DropoutDraw& draw, std::int64_t first, std::int64_t n, float* factors);
void multiply(const float* x, const float* factors, float* y, std::int64_t n);
void dropped_softmax_backward(float* ds, float* p, const float* factors, std::int64_t n,
                              float delta, float factor);
bool all_finite(const float* x, std::int64_t n);
double sum_squares(const float* x, std::int64_t n);
void gelu_forward(const float* x, float* y, std::int64_t n);
void gelu_backward(float* dy, float* x, std::int64_t n);
void relu_forward(const float* x, float* y, std::int64_t n);
void relu_backward(float* dy, float* x, std::int64_t n);
void swiglu_forward(const float* gate, const float* up, float* y, std::int64_t n);
void swiglu_backward(float* dy, float* gate, float* up, std::int64_t n);
void rotate(float* x, std::int64_t heads, std::int64_t half, const float* cosines,
            const float* sines, float direction);
void silu_forward(const float* x, float* y, std::int64_t n);
void silu_backward(float* dy, const float* x, std::int64_t n);
void relu_with_mask(float* x, std::uint8_t* mask, std::int64_t n);
void apply_mask(float* x, const std::uint8_t* mask, float factor, std::int64_t n);
float layer_norm_forward(const float* x, const float* gamma, const float* beta, float* normalized,
                         float* y, std::int64_t n, float epsilon);
void scale_shift(const float* normalized, const float* gamma, const float* beta, float* y,
                 std::int64_t n);
void layer_norm_backward(float* dy, const float* normalized, const float* gamma, const float* skip,
                         float rstd, float* dgamma, float* dbeta, std::int64_t n);
float rms_norm_forward(const float* x, const float* gamma, float* normalized, float* y,
                       std::int64_t n, float epsilon);
void rms_norm_backward(float* dy, const float* normalized, const float* gamma, const float* skip,
                       float rstd, float* dgamma, std::int64_t n);
void moments(const float* x, std::int64_t rows, std::int64_t width, float* sums, float* squares);
void batch_norm_forward(const float* x, std::int64_t rows, const BatchNormRow& row, float* y);
void batch_norm_sums(float* dy, const float* x, std::int64_t rows, const BatchNormRow& row,
                     float* dgamma, float* dbeta);
void batch_norm_backward(float* dy, const float* x, std::int64_t rows, const BatchNormRow& row,
                         const float* slope, const float* offset);
void keep_larger(float* largest, std::uint8_t* which, const float* x, std::uint8_t number,
                 std::int64_t n);
void add_where(float* to, const float* from, const std::uint8_t* which, std::uint8_t number,
               std::int64_t n);
void adamw(float* value, const float* gradient, float* first, float* second, std::int64_t n,
           const AdamWStep& step);
void sgd(float* value, const float* gradient, float* momentum, std::int64_t n, const SgdStep& step);

extern const SimdKernels kernels;

}  // namespace pipetrain::PIPETRAIN_ISA
