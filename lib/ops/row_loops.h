// Loops over rows or their entries, spread over the threads, with the kernels of their kind. They
// must not know what is computed. Only ops/ includes this.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"
#include "ops/parallel.h"

namespace pipetrain {

constexpr std::int64_t kGrainEntries = 4096;  // fewer are not worth waking a thread for

// body(kernels, at, n) for ranges of n entries of `x` from `at` on.
template <class Body>
void for_entries(Ops& ops, const ConstMatrix& x, const Body& body) {
  with_entries(x.dtype(), [&]<class T>() {
    parallel_ranges(x.entries(), kGrainEntries, [&](std::int64_t begin, std::int64_t end, int) {
      body(ops.simd().on<T>(), begin, end - begin);
    });
  });
}

// body(kernels, row) for each row of `x`.
template <class Body>
void for_rows(Ops& ops, const ConstMatrix& x, const Body& body) {
  with_entries(x.dtype(), [&]<class T>() {
    parallel_ranges(x.rows(), kGrainEntries / x.columns(),
                    [&](std::int64_t begin, std::int64_t end, int) {
                      for (std::int64_t row = begin; row < end; ++row)
                        body(ops.simd().on<T>(), row);
                    });
  });
}

}  // namespace pipetrain
