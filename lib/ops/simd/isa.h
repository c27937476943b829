// What the files of this folder share: each is compiled once per instruction set, in a namespace
// named after it. Only builtins and plain loops here: an inline function of the standard library,
// compiled for a newer processor, could be the one that the linker keeps for all.
#pragma once

#include <cstdint>

#include "ops/simd/kernels.h"

#ifndef PIPETRAIN_ISA
#error "compiled per instruction set: see meson.build"
#endif

namespace pipetrain::PIPETRAIN_ISA {

void small_matmul(const Strided<const float>& a, const Strided<const float>& b,
                  const Strided<float>& c, bool accumulate);
void pair_matmul(const Strided<const BFloat16Pair>& a, const Strided<const BFloat16Pair>& b,
                 const Strided<float>& c, bool accumulate);
void pair_rows(const BFloat16* first, const BFloat16* second, BFloat16Pair* pairs, std::int64_t n);
float exp_scaled(float* x, std::int64_t n, ScaleShift by);
float maximum(const float* x, std::int64_t n);
void scale(float* x, std::int64_t n, float factor);
void softmax_backward(float* ds, float* p, std::int64_t n, ScaleShift by, SoftmaxRow row);
void dropout_factors(const DropoutDraw& draw, std::int64_t first, std::int64_t n, float* factors);
void dropped_softmax_backward(float* ds, float* p, const float* factors, std::int64_t n,
                              SoftmaxRow row);
double sum_squares(const float* x, std::int64_t n);
void adamw(float* value, const float* gradient, float* first, float* second, std::int64_t n,
           const AdamWStep& step);
void sgd(float* value, const float* gradient, float* momentum, std::int64_t n, const SgdStep& step);

extern const SimdKernels kernels;

}  // namespace pipetrain::PIPETRAIN_ISA
