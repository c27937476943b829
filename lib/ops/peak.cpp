#include "ops/peak.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "ops/bfloat16_products.h"

namespace pipetrain {

double measure_peak_flops(Ops& ops, DType dtype, double seconds) {
  using Clock = std::chrono::steady_clock;
  if (dtype == DType::kBFloat16 && !multiplies_bfloat16()) return 0;
  double best = 0;
  constexpr std::array<std::array<std::int64_t, 3>, 5> kShapes = {{{512, 512, 512},
                                                                   {1024, 1024, 512},
                                                                   {1024, 1024, 1024},
                                                                   {1024, 3072, 768},
                                                                   {2048, 2048, 2048}}};
  for (const auto& [m, n, k] : kShapes) {
    Tensor a(ops.pool(), {m, k}, dtype), b(ops.pool(), {k, n}, dtype), c(ops.pool(), {m, n});
    for (Tensor* tensor : {&a, &b, &c}) std::memset(tensor->data(), 0, tensor->bytes());
    const MatmulShape shape{.m = m, .n = n, .k = k, .dtype = dtype};
    ops.matmul(shape, a.data(), b.data(), nullptr, c.data());
    const double flop = 2.0 * static_cast<double>(m * n * k);
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
      const auto start = Clock::now();
      ops.matmul(shape, a.data(), b.data(), nullptr, c.data());
      best = std::max(best, flop / std::chrono::duration<double>(Clock::now() - start).count());
    }
  }
  return best;
}

}  // namespace pipetrain
