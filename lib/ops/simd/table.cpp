#include "ops/simd/activations.h"
#include "ops/simd/channels.h"
#include "ops/simd/normalization.h"
#include "ops/simd/transpose.h"
#include "ops/simd/transposed_product.h"

#define PIPETRAIN_TEXT_(x) #x
#define PIPETRAIN_TEXT(x) PIPETRAIN_TEXT_(x)

namespace pipetrain::PIPETRAIN_ISA {

namespace {

template <class T>
constexpr ActivationKernels<T> kActivationKernels = {
    .widen = convert<T, float>,
    .round = convert<float, T>,
    .transpose = transpose<T>,
    .add = add<T, T>,
    .add_to_sums = add<float, T>,
    .add_values = add<T, float>,
    .add_product = add_product<T>,
    .multiply = multiply<T>,
    .scale = scale_entries<T>,
    .dot = dot<T>,
    .transposed_product = transposed_product,
    .all_finite = all_finite<T>,
    .gelu_forward = gelu_forward<T>,
    .gelu_backward = gelu_backward<T>,
    .relu_forward = relu_forward<T>,
    .relu_backward = relu_backward<T>,
    .swiglu_forward = swiglu_forward<T>,
    .swiglu_backward = swiglu_backward<T>,
    .geglu_forward = geglu_forward<T>,
    .geglu_backward = geglu_backward<T>,
    .exact_gelu_forward = exact_gelu_forward<T>,
    .exact_gelu_backward = exact_gelu_backward<T>,
    .soft_cap = soft_cap<T>,
    .soft_cap_backward = soft_cap_backward<T>,
    .rotate = rotate<T>,
    .silu_forward = silu_forward<T>,
    .silu_backward = silu_backward<T>,
    .relu_with_mask = relu_with_mask<T>,
    .apply_mask = apply_mask<T>,
    .layer_norm_forward = layer_norm_forward<T>,
    .scale_shift = scale_shift<T>,
    .layer_norm_backward = layer_norm_backward<T>,
    .rms_norm_forward = rms_norm_forward<T>,
    .rms_norm_backward = rms_norm_backward<T>,
    .moments = moments<T>,
    .batch_norm_forward = batch_norm_forward<T>,
    .batch_norm_sums = batch_norm_sums<T>,
    .batch_norm_backward = batch_norm_backward<T>,
    .keep_larger = keep_larger<T>,
    .add_where = add_where<T>,
};

}  // namespace

const SimdKernels kernels = {
    .name = PIPETRAIN_TEXT(PIPETRAIN_ISA),
    .lanes = kLanes,
    .on_float32 = kActivationKernels<float>,
    .on_bfloat16 = kActivationKernels<BFloat16>,
    .small_matmul = small_matmul,
    .pair_matmul = pair_matmul,
    .pair_rows = pair_rows,
    .exp_scaled = exp_scaled,
    .maximum = maximum,
    .scale = scale,
    .softmax_backward = softmax_backward,
    .dropout_factors = dropout_factors,
    .dropped_softmax_backward = dropped_softmax_backward,
    .sum_squares = sum_squares,
    .adamw = adamw,
    .sgd = sgd,
};

}  // namespace pipetrain::PIPETRAIN_ISA
