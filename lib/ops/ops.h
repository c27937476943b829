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
  bool weights = false;           // B are float32 weights that outlive the product
  DType dtype = DType::kFloat32;  // of A and B, but for weights
  DType result = DType::kFloat32;
  friend bool operator==(const MatmulShape&, const MatmulShape&) = default;
};

class ConvolutionPrimitives;
class WorkLog;

class Ops {
 public:
  explicit Ops(MemoryPool& pool);
  ~Ops();
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;

  MemoryPool& pool() { return pool_; }
  const SimdKernels& simd() const { return simd_; }
  int threads() const;
  bool multiplies_bfloat16() const;  // by the processor's instructions; settled at the start
  // What operations tell of themselves from now on (ops/work_log.h); null, as at first: nothing.
  void set_work_log(WorkLog* log) { work_log_ = log; }
  WorkLog* work_log() const { return work_log_; }

  // Weights are multiplied as dtype says: in bfloat16 by a rounded copy, which is kept until they
  // change.
  void matmul(const MatmulShape& shape, const void* a, const void* b, const float* bias, void* c);
  ConvolutionPrimitives& convolutions();  // see ops/convolution.h
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
  WorkLog* work_log_ = nullptr;
};

// "avx2, oneDNN 2.6.3, ...": what the start of a run prints.
std::string instruction_set_description();
// Whether oneDNN multiplies bfloat16 in hardware here. Without, products and convolutions are made
// of float32 copies of such operands: the same products, exact in float32, and the same sums but
// for their order.
bool bfloat16_instructions();

}  // namespace pipetrain
