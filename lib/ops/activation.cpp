#include "ops/activation.h"

#include <cassert>
#include <cstdint>

#include "ops/row_loops.h"

namespace pipetrain {

void gelu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.gelu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void gelu_backward(Ops& ops, Matrix dy, Matrix x) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.gelu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void relu_backward(Ops& ops, Matrix dy, Matrix x) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void swiglu_forward(Ops& ops, ConstMatrix gate_up, Matrix y) {
  assert(gate_up.rows() == y.rows() && gate_up.columns() == 2 * y.columns());
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.swiglu_forward(gate_up.row<T>(row), y.row<T>(row), y.columns());
  });
}

void swiglu_backward(Ops& ops, Matrix dy, Matrix gate_up) {
  assert(gate_up.rows() == dy.rows() && gate_up.columns() == 2 * dy.columns());
  for_rows(ops, dy, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.swiglu_backward(dy.row<T>(row), gate_up.row<T>(row), dy.columns());
  });
}

void silu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.silu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void silu_backward(Ops& ops, Matrix dy, ConstMatrix x) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.silu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_with_mask(Ops& ops, Matrix x, std::uint8_t* mask) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_with_mask(x.as<T>() + at, mask + at, n);
  });
}

void apply_mask(Ops& ops, Matrix x, const std::uint8_t* mask, float factor) {
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.apply_mask(x.as<T>() + at, mask + at, factor, n);
  });
}

}  // namespace pipetrain
