#include "ops/activation.h"

#include <cstdint>

#include "ops/entry_ranges.h"

namespace pipetrain {

void gelu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.gelu_forward(x.as<T>() + at, y.as<T>() + at, n);
              });
}

void gelu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ActivationPtr x) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.gelu_backward(dy.as<T>() + at, x.as<T>() + at, n);
              });
}

void relu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.relu_forward(x.as<T>() + at, y.as<T>() + at, n);
              });
}

void relu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ActivationPtr x) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.relu_backward(dy.as<T>() + at, x.as<T>() + at, n);
              });
}

void swiglu_forward(Ops& ops, std::int64_t rows, std::int64_t n, ConstActivationPtr gate_up,
                    ActivationPtr y) {
  for_ranges(ops, rows, kGrainEntries / n, y.dtype(),
             [&]<class T>(const ActivationKernels<T>& simd, std::int64_t begin, std::int64_t end) {
               for (std::int64_t row = begin; row < end; ++row) {
                 const T* gate = gate_up.as<T>() + row * 2 * n;
                 simd.swiglu_forward(gate, gate + n, y.as<T>() + row * n, n);
               }
             });
}

void swiglu_backward(Ops& ops, std::int64_t rows, std::int64_t n, ActivationPtr dy,
                     ActivationPtr gate_up) {
  for_ranges(ops, rows, kGrainEntries / n, dy.dtype(),
             [&]<class T>(const ActivationKernels<T>& simd, std::int64_t begin, std::int64_t end) {
               for (std::int64_t row = begin; row < end; ++row) {
                 T* gate = gate_up.as<T>() + row * 2 * n;
                 simd.swiglu_backward(dy.as<T>() + row * n, gate, gate + n, n);
               }
             });
}

void silu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.silu_forward(x.as<T>() + at, y.as<T>() + at, n);
              });
}

void silu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ConstActivationPtr x) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.silu_backward(dy.as<T>() + at, x.as<T>() + at, n);
              });
}

void relu_with_mask(Ops& ops, std::int64_t count, ActivationPtr x, std::uint8_t* mask) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.relu_with_mask(x.as<T>() + at, mask + at, n);
              });
}

void apply_mask(Ops& ops, std::int64_t count, ActivationPtr x, const std::uint8_t* mask,
                float factor) {
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                simd.apply_mask(x.as<T>() + at, mask + at, factor, n);
              });
}

}  // namespace pipetrain
