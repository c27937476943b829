#include "ops/ops.h"

#include <cblas.h>

#include <cstdint>
#include <string>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

namespace {

// C as OpenBLAS computes it.
Floats blas_matmul(const MatmulShape& s, const Floats& a, const Floats& b, const Floats& bias,
                   Floats c) {
  openblas_set_num_threads(1);
  const int m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
  cblas_sgemm(CblasRowMajor, s.transpose_a ? CblasTrans : CblasNoTrans,
              s.transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1.0f, a.data(),
              s.transpose_a ? m : k, b.data(), s.transpose_b ? k : n, s.accumulate ? 1.0f : 0.0f,
              c.data(), n);
  for (int i = 0; s.bias && i < m; ++i) {
    cblas_saxpy(n, 1.0f, bias.data(), 1, c.data() + i * n, 1);
  }
  return c;
}

void compare_with_blas(Ops& ops, const MatmulShape& s) {
  CAPTURE(s.m, s.n, s.k, s.transpose_a, s.transpose_b, s.bias, s.accumulate);
  const Floats a = random_floats(s.m * s.k, 1), b = random_floats(s.k * s.n, 2);
  const Floats bias = random_floats(s.n, 3), start = random_floats(s.m * s.n, 4);
  const Floats expected = blas_matmul(s, a, b, bias, start);
  Floats first = start, second = start;
  ops.matmul(s, a.data(), b.data(), bias.data(), first.data());
  ops.matmul(s, a.data(), b.data(), bias.data(), second.data());
  CHECK(distance(first, widened(expected)) < 2e-5);
  CHECK(same_bits(first, second));
}

}  // namespace

TEST_CASE("Matrix products agree with OpenBLAS, whatever is transposed, added or odd") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t sizes[][3] = {{1, 1, 1},    {3, 5, 7},      {17, 33, 9},
                                   {64, 64, 64}, {129, 65, 127}, {128, 384, 768}};
  for (const auto& [m, n, k] : sizes) {
    for (int flags = 0; flags < 16; ++flags) {
      compare_with_blas(ops, {.m = m,
                              .n = n,
                              .k = k,
                              .transpose_a = (flags & 1) != 0,
                              .transpose_b = (flags & 2) != 0,
                              .bias = (flags & 4) != 0,
                              .accumulate = (flags & 8) != 0});
    }
  }
}

TEST_CASE("Products with a long or wide vocabulary agree with OpenBLAS") {
  MemoryPool pool;
  Ops ops(pool);
  for (const bool accumulate : {false, true}) {
    compare_with_blas(ops, {.m = 40, .n = 96, .k = 9001, .accumulate = accumulate});
    compare_with_blas(ops,
                      {.m = 40, .n = 9001, .k = 96, .transpose_b = true, .accumulate = accumulate});
    compare_with_blas(ops,
                      {.m = 9001, .n = 96, .k = 40, .transpose_a = true, .accumulate = accumulate});
    compare_with_blas(
        ops, {.m = 513, .n = 130, .k = 769, .transpose_a = true, .accumulate = accumulate});
  }
}

TEST_CASE("A product's primitive is built once for each shape") {
  MemoryPool pool;
  Ops ops(pool);
  const Floats a = random_floats(6, 1), b = random_floats(6, 2);
  Floats c(4);
  for (int time = 0; time < 3; ++time) {
    ops.matmul({.m = 2, .n = 2, .k = 3}, a.data(), b.data(), nullptr, c.data());
  }
  CHECK(ops.primitives() == 1);
  ops.matmul({.m = 2, .n = 2, .k = 3, .transpose_b = true}, a.data(), b.data(), nullptr, c.data());
  CHECK(ops.primitives() == 2);
}

TEST_CASE("What the start of a run prints names the kernels that run") {
  const std::string kernels = select_simd_kernels().name;
  CHECK(contains(instruction_set_description(), "oneDNN", "vector kernels " + kernels));
}
