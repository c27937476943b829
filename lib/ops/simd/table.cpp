#include "ops/simd/isa.h"

#define PIPETRAIN_TEXT_(x) #x
#define PIPETRAIN_TEXT(x) PIPETRAIN_TEXT_(x)

namespace pipetrain::PIPETRAIN_ISA {

const SimdKernels kernels = {
    .name = PIPETRAIN_TEXT(PIPETRAIN_ISA),
    .small_matmul = small_matmul,
    .transpose = transpose,
    .exp_scaled = exp_scaled,
    .maximum = maximum,
    .dot = dot,
    .scale = scale,
    .add = add,
    .add_product = add_product,
    .softmax_backward = softmax_backward,
    .dropout_factors = dropout_factors,
    .multiply = multiply,
    .dropped_softmax_backward = dropped_softmax_backward,
    .all_finite = all_finite,
    .sum_squares = sum_squares,
    .gelu_forward = gelu_forward,
    .gelu_backward = gelu_backward,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .swiglu_forward = swiglu_forward,
    .swiglu_backward = swiglu_backward,
    .rotate = rotate,
    .silu_forward = silu_forward,
    .silu_backward = silu_backward,
    .relu_with_mask = relu_with_mask,
    .apply_mask = apply_mask,
    .layer_norm_forward = layer_norm_forward,
    .scale_shift = scale_shift,
    .layer_norm_backward = layer_norm_backward,
    .rms_norm_forward = rms_norm_forward,
    .rms_norm_backward = rms_norm_backward,
    .moments = moments,
    .batch_norm_forward = batch_norm_forward,
    .batch_norm_sums = batch_norm_sums,
    .batch_norm_backward = batch_norm_backward,
    .keep_larger = keep_larger,
    .add_where = add_where,
    .adamw = adamw,
    .sgd = sgd,
};

}  // namespace pipetrain::PIPETRAIN_ISA
