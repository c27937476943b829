#include "ops/activation.h"

#include <cassert>
#include <cstdint>

#include "ops/row_loops.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// In place, with a byte of the mask for each entry.
Work masked_work(const char* operation, const Matrix& x) {
  Work work = vector_work(operation, 1, {x, x});
  work.bytes += static_cast<double>(x.entries());
  return work;
}

}  // namespace

void gelu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("gelu", 12, {x, y}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.gelu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void gelu_backward(Ops& ops, Matrix dy, Matrix x) {
  const WorkScope scope(ops, [&] { return vector_work("gelu", 24, {dy, dy, x, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.gelu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("relu", 1, {x, y}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void relu_backward(Ops& ops, Matrix dy, Matrix x) {
  const WorkScope scope(ops, [&] { return vector_work("relu", 2, {dy, dy, x, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void swiglu_forward(Ops& ops, ConstMatrix gate_up, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("swiglu", 5, {y, gate_up}); });
  assert(gate_up.rows() == y.rows() && gate_up.columns() == 2 * y.columns());
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.swiglu_forward(gate_up.row<T>(row), y.row<T>(row), y.columns());
  });
}

void swiglu_backward(Ops& ops, Matrix dy, Matrix gate_up) {
  const WorkScope scope(ops, [&] { return vector_work("swiglu", 12, {dy, dy, gate_up, gate_up}); });
  assert(gate_up.rows() == dy.rows() && gate_up.columns() == 2 * dy.columns());
  for_rows(ops, dy, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.swiglu_backward(dy.row<T>(row), gate_up.row<T>(row), dy.columns());
  });
}

void geglu_forward(Ops& ops, ConstMatrix gate_up, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("geglu", 13, {y, gate_up}); });
  assert(gate_up.rows() == y.rows() && gate_up.columns() == 2 * y.columns());
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.geglu_forward(gate_up.row<T>(row), y.row<T>(row), y.columns());
  });
}

void geglu_backward(Ops& ops, Matrix dy, Matrix gate_up) {
  const WorkScope scope(ops, [&] { return vector_work("geglu", 27, {dy, dy, gate_up, gate_up}); });
  assert(gate_up.rows() == dy.rows() && gate_up.columns() == 2 * dy.columns());
  for_rows(ops, dy, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.geglu_backward(dy.row<T>(row), gate_up.row<T>(row), dy.columns());
  });
}

void exact_gelu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("gelu", 20, {x, y}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.exact_gelu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void exact_gelu_backward(Ops& ops, Matrix dy, Matrix x) {
  const WorkScope scope(ops, [&] { return vector_work("gelu", 24, {dy, dy, x, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.exact_gelu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void soft_cap(Ops& ops, Matrix x, float cap) {
  const WorkScope scope(ops, [&] { return vector_work("soft cap", 20, {x, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.soft_cap(x.as<T>() + at, n, {1.0f / cap, cap});
  });
}

void soft_cap_backward(Ops& ops, Matrix dy, ConstMatrix y, float cap) {
  const WorkScope scope(ops, [&] { return vector_work("soft cap", 4, {dy, dy, y}); });
  for_entries(ops, dy, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.soft_cap_backward(dy.as<T>() + at, y.as<T>() + at, n, cap);
  });
}

void silu_forward(Ops& ops, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("silu", 4, {x, y}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.silu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void silu_backward(Ops& ops, Matrix dy, ConstMatrix x) {
  const WorkScope scope(ops, [&] { return vector_work("silu", 9, {dy, dy, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.silu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_with_mask(Ops& ops, Matrix x, std::uint8_t* mask) {
  const WorkScope scope(ops, [&] { return masked_work("relu", x); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.relu_with_mask(x.as<T>() + at, mask + at, n);
  });
}

void apply_mask(Ops& ops, Matrix x, const std::uint8_t* mask, float factor) {
  const WorkScope scope(ops, [&] { return masked_work("mask", x); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.apply_mask(x.as<T>() + at, mask + at, factor, n);
  });
}

}  // namespace pipetrain
