#include "ops/activation.h"

#include <atomic>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrain = 4096;

}  // namespace

void gelu_forward(Ops& ops, std::int64_t n, const float* x, float* y) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().gelu_forward(x + begin, y + begin, end - begin);
  });
}

void gelu_backward(Ops& ops, std::int64_t n, float* dy, float* x) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().gelu_backward(dy + begin, x + begin, end - begin);
  });
}

void relu_forward(Ops& ops, std::int64_t n, const float* x, float* y) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().relu_forward(x + begin, y + begin, end - begin);
  });
}

void relu_backward(Ops& ops, std::int64_t n, float* dy, float* x) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().relu_backward(dy + begin, x + begin, end - begin);
  });
}

void swiglu_forward(Ops& ops, std::int64_t rows, std::int64_t n, const float* gate_up, float* y) {
  parallel_ranges(rows, kGrain / n, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const float* gate = gate_up + row * 2 * n;
      ops.simd().swiglu_forward(gate, gate + n, y + row * n, n);
    }
  });
}

void swiglu_backward(Ops& ops, std::int64_t rows, std::int64_t n, float* dy, float* gate_up) {
  parallel_ranges(rows, kGrain / n, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* gate = gate_up + row * 2 * n;
      ops.simd().swiglu_backward(dy + row * n, gate, gate + n, n);
    }
  });
}

void silu_forward(Ops& ops, std::int64_t n, const float* x, float* y) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().silu_forward(x + begin, y + begin, end - begin);
  });
}

void silu_backward(Ops& ops, std::int64_t n, float* dy, const float* x) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().silu_backward(dy + begin, x + begin, end - begin);
  });
}

void relu_with_mask(Ops& ops, std::int64_t n, float* x, std::uint8_t* mask) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().relu_with_mask(x + begin, mask + begin, end - begin);
  });
}

void apply_mask(Ops& ops, std::int64_t n, float* x, const std::uint8_t* mask, float factor) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().apply_mask(x + begin, mask + begin, factor, end - begin);
  });
}

void add(Ops& ops, std::int64_t n, float* to, const float* from) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().add(to + begin, from + begin, end - begin);
  });
}

void copy(Ops&, std::int64_t n, const float* from, float* to) {
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    std::memcpy(to + begin, from + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
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
    ops.simd().add(to + begin, y + begin, end - begin);
  });
}

bool all_finite(Ops& ops, std::int64_t n, const float* x) {
  std::atomic<bool> finite = true;
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    if (!ops.simd().all_finite(x + begin, end - begin)) finite = false;
  });
  return finite;
}

}  // namespace pipetrain
