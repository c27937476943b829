#include "ops/activation.h"

#include <atomic>
#include <cstdint>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrain = 4096;

template <class T>
using Kernels = ActivationKernels<T>;

// body(kernels, begin, end) for ranges of `count` items; the kernels' entries are of this kind.
template <class Body>
void for_ranges(Ops& ops, std::int64_t count, std::int64_t grain, DType dtype, const Body& body) {
  with_entries(dtype, [&]<class T>() {
    parallel_ranges(count, grain, [&](std::int64_t begin, std::int64_t end, int) {
      body(ops.simd().on<T>(), begin, end);
    });
  });
}

// body(kernels, at, n) for ranges of n entries from `at` on.
template <class Body>
void for_entries(Ops& ops, std::int64_t count, DType dtype, const Body& body) {
  for_ranges(ops, count, kGrain, dtype,
             [&](const auto& simd, std::int64_t begin, std::int64_t end) {
               body(simd, begin, end - begin);
             });
}

}  // namespace

void gelu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.gelu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void gelu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ActivationPtr x) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.gelu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.relu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void relu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ActivationPtr x) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.relu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void swiglu_forward(Ops& ops, std::int64_t rows, std::int64_t n, ConstActivationPtr gate_up,
                    ActivationPtr y) {
  for_ranges(ops, rows, kGrain / n, y.dtype(),
             [&]<class T>(const Kernels<T>& simd, std::int64_t begin, std::int64_t end) {
               for (std::int64_t row = begin; row < end; ++row) {
                 const T* gate = gate_up.as<T>() + row * 2 * n;
                 simd.swiglu_forward(gate, gate + n, y.as<T>() + row * n, n);
               }
             });
}

void swiglu_backward(Ops& ops, std::int64_t rows, std::int64_t n, ActivationPtr dy,
                     ActivationPtr gate_up) {
  for_ranges(ops, rows, kGrain / n, dy.dtype(),
             [&]<class T>(const Kernels<T>& simd, std::int64_t begin, std::int64_t end) {
               for (std::int64_t row = begin; row < end; ++row) {
                 T* gate = gate_up.as<T>() + row * 2 * n;
                 simd.swiglu_backward(dy.as<T>() + row * n, gate, gate + n, n);
               }
             });
}

void silu_forward(Ops& ops, std::int64_t count, ConstActivationPtr x, ActivationPtr y) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.silu_forward(x.as<T>() + at, y.as<T>() + at, n);
  });
}

void silu_backward(Ops& ops, std::int64_t count, ActivationPtr dy, ConstActivationPtr x) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.silu_backward(dy.as<T>() + at, x.as<T>() + at, n);
  });
}

void relu_with_mask(Ops& ops, std::int64_t count, ActivationPtr x, std::uint8_t* mask) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.relu_with_mask(x.as<T>() + at, mask + at, n);
  });
}

void apply_mask(Ops& ops, std::int64_t count, ActivationPtr x, const std::uint8_t* mask,
                float factor) {
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    simd.apply_mask(x.as<T>() + at, mask + at, factor, n);
  });
}

void add(Ops& ops, std::int64_t count, ActivationPtr to, ConstActivationPtr from) {
  for_entries(ops, count, to.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    if (from.dtype() == to.dtype()) {
      simd.add(to.as<T>() + at, from.as<T>() + at, n);
    } else {
      simd.add_values(to.as<T>() + at, from.as<float>() + at, n);
    }
  });
}

void copy(Ops&, std::int64_t n, ConstActivationPtr from, ActivationPtr to) {
  with_entries(from.dtype(), [&]<class T>() {
    parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
      std::memcpy(to.as<T>() + begin, from.as<T>() + begin,
                  static_cast<std::size_t>(end - begin) * sizeof(T));
    });
  });
}

void store(Ops& ops, std::int64_t n, float* to, const float* from, bool accumulate) {
  if (accumulate) {
    add(ops, n, to, from);
  } else {
    copy(ops, n, from, to);
  }
}

void sum(Ops& ops, std::int64_t n, const float* x, const float* y, float* to) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    std::memcpy(to + begin, x + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
    ops.simd().on_float32.add(to + begin, y + begin, end - begin);
  });
}

bool all_finite(Ops& ops, std::int64_t count, ConstActivationPtr x) {
  std::atomic<bool> finite = true;
  for_entries(ops, count, x.dtype(), [&]<class T>(const Kernels<T>& simd, auto at, auto n) {
    if (!simd.all_finite(x.as<T>() + at, n)) finite = false;
  });
  return finite;
}

}  // namespace pipetrain
