// What every operation needs: a memory pool, the vector kernels of this processor, and oneDNN's
// primitives, each built once. It must not know layers. One rank has one; its operations are called
// by one thread and spread over OpenMP's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ops/simd/kernels.h"
#include "tensor/memory.h"
#include "tensor/tensor.h"

namespace pipetrain {

// C (m, n) = A (m, k) B (k, n) [+ bias (n)], or += when `accumulate`; row-major. transpose_a says
// that A is stored (k, m), transpose_b that B is stored (n, k).
struct MatmulShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  bool bias = false, accumulate = false;
  DType dtype = DType::kFloat32;
  friend bool operator==(const MatmulShape&, const MatmulShape&) = default;
};

class Convolutions;

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
  Convolutions& convolutions() { return *convolutions_; }  // see ops/convolution.h
  // To be called when weights have changed: packed copies are made again at their next use.
  void weights_changed();
  // The memory of weights goes away: so do their packed copies.
  void forget_weights();
  std::size_t primitives() const;  // built so far
  std::size_t packings() const;    // of weights, so far

 private:
  struct Primitives;
  MemoryPool& pool_;
  const SimdKernels& simd_;
  std::unique_ptr<Primitives> primitives_;
  std::unique_ptr<Convolutions> convolutions_;
};

// "avx2, oneDNN 2.6.3, ...": what the start of a run prints.
std::string instruction_set_description();
bool bfloat16_instructions();  // whether oneDNN has bfloat16 products in hardware here

}  // namespace pipetrain
