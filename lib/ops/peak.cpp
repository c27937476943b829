#include "ops/peak.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/bfloat16_products.h"
#include "ops/entrywise.h"
#include "ops/parallel.h"
#include "ops/simd/row_products.h"

namespace pipetrain {
namespace {

// Of `amount` per second, in the fastest of as many runs of `body` as fit into `seconds`.
template <class Body>
double best_rate(double amount, double seconds, const Body& body) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  do {
    const auto start = Clock::now();
    body();
    best = std::max(best, amount / std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return best;
}

}  // namespace

double measure_peak_flops(Ops& ops, DType dtype, double seconds) {
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
    best = std::max(best, best_rate(flop, seconds, [&] {
                      ops.matmul(shape, a.data(), b.data(), nullptr, c.data());
                    }));
  }
  return best;
}

double measure_bandwidth(Ops& ops, std::size_t array_bytes, double seconds) {
  const auto entries = static_cast<std::int64_t>(array_bytes / sizeof(float));
  Tensor x(ops.pool(), {entries}), y(ops.pool(), {entries});
  // Each thread touches first what it will work on, so that its pages lie near it.
  for (Tensor* array : {&x, &y}) {
    parallel_ranges(entries, 1, [&](std::int64_t begin, std::int64_t end, int) {
      std::fill(array->f32() + begin, array->f32() + end, 0.0f);
    });
  }
  const auto bytes = static_cast<double>(x.bytes());
  const double copying = best_rate(2 * bytes, seconds, [&] { copy(ops, x, y); });
  const double adding = best_rate(3 * bytes, seconds, [&] { add(ops, y, x); });
  return std::max(copying, adding);
}

// As rows that are multiplied with one, which is read in as many streams as is fastest. Two entries
// of bfloat16 are read as one number.
void read_all(Ops& ops, ConstMatrix data) {
  constexpr std::int64_t kNumbers = 1024, kGrainRows = 32;
  const std::int64_t bytes =
      data.entries() * static_cast<std::int64_t>(element_bytes(data.dtype()));
  const std::int64_t rows = bytes / (kNumbers * static_cast<std::int64_t>(sizeof(float)));
  const auto* const numbers = static_cast<const float*>(data.data());
  Tensor ones(ops.pool(), {kNumbers}), sums(ops.pool(), {rows + 1});
  std::fill_n(ones.f32(), kNumbers, 1.0f);
  const RowProducts<float> multiply = row_products_of(ops.simd()).on<float>();
  parallel_ranges(rows, kGrainRows, [&](std::int64_t begin, std::int64_t end, int) {
    multiply({ones.f32(), 1, kNumbers, kNumbers},
             {numbers + begin * kNumbers, end - begin, kNumbers, kNumbers}, nullptr,
             {sums.f32() + begin, 1, end - begin, rows}, /*accumulate=*/false);
  });
}

std::size_t bandwidth_array_bytes() {
  constexpr std::size_t kLeast = std::size_t{64} << 20;
  const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);  // -1 or 0 where it is not known
  return std::max(kLeast, 2 * static_cast<std::size_t>(std::max(cache, 0L)));
}

}  // namespace pipetrain
