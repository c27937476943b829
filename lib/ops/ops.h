// What every operation needs: a memory pool, the vector kernels of this processor, and oneDNN's
// primitives, each built once. It must not know layers. One rank has one; its operations are called
// by one thread and spread over OpenMP's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "ops/simd/kernels.h"
#include "tensor/memory.h"
#include "tensor/tensor.h"

namespace pipetrain {

// C (m, n) = A (m, k) B (k, n) [+ bias (n)], or += when `accumulate`; row-major. transpose_a says
// that A is stored (k, m), transpose_b that B is stored (n, k). Sums are made in float32; only the
// result, all included, is rounded to C's kind.
struct MatmulShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  bool bias = false, accumulate = false;
  DType dtype = DType::kFloat32;  // of A and B
  DType result = DType::kFloat32;
  friend bool operator==(const MatmulShape&, const MatmulShape&) = default;
};

class BFloat16Weights;
class ConvolutionPrimitives;

class Ops {
 public:
  explicit Ops(MemoryPool& pool);
  ~Ops();
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;

  MemoryPool& pool() { return pool_; }
  const SimdKernels& simd() const { return simd_; }
  int threads() const;

  void matmul(const MatmulShape& shape, const void* a, const void* b, const float* bias, void* c);
  // These weights for a product of this kind: themselves, or their copy in bfloat16.
  const void* weights_as(const float* weights, std::int64_t elements, DType dtype);
  ConvolutionPrimitives& convolutions() { return *convolutions_; }  // see ops/convolution.h
  // To be called when weights have changed: packed and bfloat16 copies are made again at their next
  // use.
  void weights_changed();
  // The memory of weights goes away: so do their copies.
  void forget_weights();
  std::size_t primitives() const;  // built so far
  std::size_t packings() const;    // copies of weights made so far

 private:
  struct Primitives;
  void matmul_of_copies(const MatmulShape& shape, const void* a, const void* b, const float* bias,
                        void* c);

  MemoryPool& pool_;
  const SimdKernels& simd_;
  std::unique_ptr<Primitives> primitives_;
  std::unique_ptr<ConvolutionPrimitives> convolutions_;
  std::unique_ptr<BFloat16Weights> bfloat16_weights_;
};

// "avx2, oneDNN 2.6.3, ...": what the start of a run prints.
std::string instruction_set_description();
// Whether oneDNN multiplies bfloat16 in hardware here. Without, matmul multiplies float32 copies of
// such operands: the same products, exact in float32, and the same sums but for their order.
bool bfloat16_instructions();

}  // namespace pipetrain
