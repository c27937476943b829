// The table of vector kernels: plain loops over memory, compiled once for each instruction set.
// They must not know threads, tensors or layers: callers cut the work into ranges. Chosen once, at
// start, by the processor.
#pragma once

#include <cstdint>

#include "ops/simd/strided.h"
#include "tensor/bfloat16.h"

namespace pipetrain {

// Kernels on activations and their gradients, of entries T: float or BFloat16. What they compute
// they compute in float32, and round once when they write.
template <class T>
struct ActivationKernels {
  // Each entry of one kind as the other.
  void (*widen)(const T* from, float* to, std::int64_t n);
  void (*round)(const float* from, T* to, std::int64_t n);
  // to (columns, rows) = transpose of from (rows, columns); columns lie beside each other in both.
  void (*transpose)(const Strided<const T>& from, const Strided<float>& to);
  // to += from, of every pair of kinds.
  void (*add)(T* to, const T* from, std::int64_t n);
  void (*add_to_sums)(float* to, const T* from, std::int64_t n);
  void (*add_values)(T* to, const float* from, std::int64_t n);
  // to += x * factors
  void (*add_product)(T* to, const float* x, const float* factors, std::int64_t n);
  // y = x * factors; y may be x.
  void (*multiply)(const T* x, const float* factors, T* y, std::int64_t n);
  void (*scale)(T* x, std::int64_t n, float factor);  // x *= factor
  float (*dot)(const T* x, const T* y, std::int64_t n);
  // C (m, n) = A^T B, or += when `accumulate`, of A (k, m) and B (k, n), both stored so. `scratch`
  // has transposed_scratch(k, n) floats.
  void (*transposed_product)(const Strided<const T>& a, const Strided<const T>& b,
                             const Strided<float>& c, bool accumulate, float* scratch);
  bool (*all_finite)(const T* x, std::int64_t n);

  // tanh form of GELU (Hendrycks and Gimpel, arXiv:1606.08415, section 2).
  void (*gelu_forward)(const T* x, T* y, std::int64_t n);
  // dy becomes dx; x becomes y = gelu(x), which the weight gradient needs.
  void (*gelu_backward)(T* dy, T* x, std::int64_t n);
  void (*relu_forward)(const T* x, T* y, std::int64_t n);
  // dy becomes dx; x becomes y = relu(x).
  void (*relu_backward)(T* dy, T* x, std::int64_t n);
  // One row of SwiGLU (Shazeer, arXiv:2002.05202, section 2): gate_up has n gates, then n entries
  // up; y (n) = silu(gate) * up.
  void (*swiglu_forward)(const T* gate_up, T* y, std::int64_t n);
  // dy becomes y; gate_up becomes its gradient.
  void (*swiglu_backward)(T* dy, T* gate_up, std::int64_t n);

  // GEGLU (the same section), with GELU in its tanh form, likewise.
  void (*geglu_forward)(const T* gate_up, T* y, std::int64_t n);
  void (*geglu_backward)(T* dy, T* gate_up, std::int64_t n);
  // GELU itself, x times the normal distribution function (Hendrycks and Gimpel, arXiv:1606.08415,
  // section 2).
  void (*exact_gelu_forward)(const T* x, T* y, std::int64_t n);
  void (*exact_gelu_backward)(T* dy, T* x, std::int64_t n);

  // x = cap * tanh(factor * x)
  void (*soft_cap)(T* x, std::int64_t n, struct SoftCap by);
  // dy *= 1 - (y / cap)^2, which is the gradient of factor * x.
  void (*soft_cap_backward)(T* dy, const T* y, std::int64_t n, float cap);

  // The pairs (x[i], x[i + half]) of each of `heads` heads, `stride` entries apart, turned by the
  // angles whose cosines and sines (half) are given, or back for direction -1 (Su et al.,
  // arXiv:2104.09864, section 3.2.2).
  void (*rotate)(T* x, struct HeadPairs pairs, const float* cosines, const float* sines,
                 float direction);

  void (*silu_forward)(const T* x, T* y, std::int64_t n);
  void (*silu_backward)(T* dy, const T* x, std::int64_t n);  // dy becomes dx
  // x becomes max(x, 0); mask says where it was positive.
  void (*relu_with_mask)(T* x, std::uint8_t* mask, std::int64_t n);
  // x *= factor where the mask is not 0, else x = 0.
  void (*apply_mask)(T* x, const std::uint8_t* mask, float factor, std::int64_t n);

  // One row each (Ba et al., arXiv:1607.06450): normalized = (x - mean) / sqrt(variance + epsilon),
  // y = normalized * gamma [+ beta]; `normalized` may be x, y and beta may be null. Returns
  // 1 / sqrt(variance + epsilon).
  float (*layer_norm_forward)(const T* x, const float* gamma, const float* beta, T* normalized,
                              T* y, std::int64_t n, float epsilon);
  void (*scale_shift)(const T* normalized, const float* gamma, const float* beta, T* y,
                      std::int64_t n);
  // dy becomes dx (+ skip, if not null); dgamma += dy * normalized; dbeta += dy.
  void (*layer_norm_backward)(T* dy, const T* normalized, const float* gamma, const T* skip,
                              float rstd, float* dgamma, float* dbeta, std::int64_t n);
  // The same without mean and beta (Zhang and Sennrich, arXiv:1910.07467): normalized =
  // x / sqrt(mean of x^2 + epsilon), y = normalized * gamma.
  float (*rms_norm_forward)(const T* x, const float* gamma, T* normalized, T* y, std::int64_t n,
                            float epsilon);
  void (*rms_norm_backward)(T* dy, const T* normalized, const float* gamma, const T* skip,
                            float rstd, float* dgamma, std::int64_t n);

  // Batch norm (Ioffe and Szegedy, arXiv:1502.03167) of rows of channels (rows, width).
  // sums (width) of the rows, squares (width) of their distances from this block's own mean.
  void (*moments)(const T* x, std::int64_t rows, std::int64_t width, float* sums, float* squares);
  // y = (x - mean) * scale + shift, then ReLU if so told.
  void (*batch_norm_forward)(const T* x, std::int64_t rows, const struct BatchNormRow& row, T* y);
  // With dy before the ReLU: dgamma = sum of dy * (x - mean), dbeta of dy.
  void (*batch_norm_sums)(const T* dy, const T* x, std::int64_t rows,
                          const struct BatchNormRow& row, float* dgamma, float* dbeta);
  // dy, which is behind the ReLU, becomes dx = dy * scale - (x - mean) * slope - offset.
  void (*batch_norm_backward)(T* dy, const T* x, std::int64_t rows, const struct BatchNormRow& row,
                              const float* slope, const float* offset);

  // Max pooling, one row of channels at a time: which[i] = number where x is larger, or NaN.
  void (*keep_larger)(T* largest, std::uint8_t* which, const T* x, std::uint8_t number,
                      std::int64_t n);
  // to += from where which[i] == number.
  void (*add_where)(float* to, const T* from, const std::uint8_t* which, std::uint8_t number,
                    std::int64_t n);
};

struct SoftCap {
  float factor, cap;
};

struct HeadPairs {
  std::int64_t heads, half, stride;
};

constexpr std::int64_t kPairColumns = 16;  // a whole vector of every instruction set

// Of transposed_product: floats of scratch for A (k, m) and B (k, n), at most half of a
// second-level cache of 1 MiB.
constexpr std::int64_t kMostTransposedScratch = 132 * 1024;
constexpr std::int64_t transposed_scratch(std::int64_t k, std::int64_t n) {
  constexpr std::int64_t kTerms = 256, kWidest = 32, kRows = 12;  // of a tile
  const std::int64_t floats = (n + kWidest + kRows) * (k < kTerms ? k : kTerms);
  return floats < kMostTransposedScratch ? floats : kMostTransposedScratch;
}

struct SimdKernels {
  const char* name;  // "avx512bf16", "avx512", "avx2", "sse2"
  int lanes;         // floats of a vector
  ActivationKernels<float> on_float32;
  ActivationKernels<BFloat16> on_bfloat16;

  template <class T>
  const ActivationKernels<T>& on() const;

  // C (m, n) = A (m, k) B (k, n), or += when `accumulate`. A may be transposed; the columns of B
  // and C lie beside each other, and B may have more of them, and more rows, than are read. For
  // products small enough to live in the cache.
  void (*small_matmul)(const Strided<const float>& a, const Strided<const float>& b,
                       const Strided<float>& c, bool accumulate);

  // The same of bfloat16 entries: A (m, k) and B (k, n) hold pairs, 2 k entries along the terms
  // that are summed. C has a multiple of kPairColumns columns.
  void (*pair_matmul)(const Strided<const BFloat16Pair>& a, const Strided<const BFloat16Pair>& b,
                      const Strided<float>& c, bool accumulate);
  // pairs[i] = (first[i], second[i])
  void (*pair_rows)(const BFloat16* first, const BFloat16* second, BFloat16Pair* pairs,
                    std::int64_t n);

  // x = exp(scale * x - shift); returns the sum.
  float (*exp_scaled)(float* x, std::int64_t n, struct ScaleShift by);
  float (*maximum)(const float* x, std::int64_t n);
  void (*scale)(float* x, std::int64_t n, float factor);
  // p = exp(scale * p - shift); ds = p * (ds - delta) * factor: the softmax's gradient of one row.
  void (*softmax_backward)(float* ds, float* p, std::int64_t n, struct ScaleShift by,
                           struct SoftmaxRow row);
  // Dropout: entry first + i of a draw, `first` a multiple of kDropoutGroup -> factors[i], which is
  // 0 or the draw's factor.
  void (*dropout_factors)(const struct DropoutDraw& draw, std::int64_t first, std::int64_t n,
                          float* factors);
  // The same of what p already is, where p * factors was what the values were weighted with; p
  // becomes that.
  void (*dropped_softmax_backward)(float* ds, float* p, const float* factors, std::int64_t n,
                                   struct SoftmaxRow row);
  double (*sum_squares)(const float* x, std::int64_t n);

  // AdamW (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2) over n consecutive entries.
  void (*adamw)(float* value, const float* gradient, float* first, float* second, std::int64_t n,
                const struct AdamWStep& step);
  // momentum = beta * momentum + gradient; value -= rate * momentum (Sutskever et al., ICML 2013;
  // PyTorch's form).
  void (*sgd)(float* value, const float* gradient, float* momentum, std::int64_t n,
              const struct SgdStep& step);
};

template <>
inline const ActivationKernels<float>& SimdKernels::on() const {
  return on_float32;
}
template <>
inline const ActivationKernels<BFloat16>& SimdKernels::on() const {
  return on_bfloat16;
}

// The scalars of one update, bias corrections folded in.
struct AdamWStep {
  float gradient_scale;  // clipping
  float learning_rate;   // divided by 1 - beta1^t
  float decay_factor;    // 1 - learning rate * weight decay
  float beta1, beta2, epsilon;
  float inverse_sqrt_correction2;  // 1 / sqrt(1 - beta2^t)
};
struct SgdStep {
  float gradient_scale, learning_rate, momentum, weight_decay;
};

struct ScaleShift {
  float scale, shift;
};

// What all entries of a row of softmax share in its gradient: the sum of p * dp, and what the
// scores were multiplied with.
struct SoftmaxRow {
  float delta, factor;
};

// Where the random numbers of some entries come from: one Philox counter (block, line, row, step)
// for four of them. Entry 32 g + 16 h + 2 i + w of a draw takes word 2 h + w of block 8 g + i,
// which suits vectors of every width.
struct DropoutDraw {
  std::uint64_t key;
  std::uint32_t line, row, step;
  std::uint32_t threshold;  // a word below it drops its entry
  float factor;             // of the entries that are kept
};
constexpr int kDropoutGroup = 32;

// What all rows of a batch norm share, each (width).
struct BatchNormRow {
  std::int64_t width;
  const float *mean, *scale, *shift;
  bool relu;
};

// The best table that this processor runs.
const SimdKernels& select_simd_kernels();

}  // namespace pipetrain
