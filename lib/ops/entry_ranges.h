// Loops over entries or rows, spread over the threads, with the kernels of their kind. They must
// not know what is computed. Only ops/ includes this.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"
#include "ops/parallel.h"

namespace pipetrain {

constexpr std::int64_t kGrainEntries = 4096;  // fewer are not worth waking a thread for

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
  for_ranges(ops, count, kGrainEntries, dtype,
             [&](const auto& simd, std::int64_t begin, std::int64_t end) {
               body(simd, begin, end - begin);
             });
}

}  // namespace pipetrain
