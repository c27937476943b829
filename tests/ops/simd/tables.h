// What the tests of vector kernels share: every table that this processor runs, at lengths around
// those of its vectors, and results entry by entry in double precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "../reference.h"
#include "catch.h"
#include "ops/simd/select.h"

namespace pipetrain {

constexpr std::int64_t kRowLengths[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 130, 1027};

template <class Body>
void for_each_table_and_length(const Body& body) {
  for (const SimdKernels* kernels : runnable_simd_kernels()) {
    for (const std::int64_t n : kRowLengths) {
      CAPTURE(kernels->name, n);
      body(*kernels, n);
    }
  }
}

inline Doubles entrywise(const Floats& x, const std::function<double(std::size_t)>& formula) {
  Doubles y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(formula(i));
  return y;
}

inline double wide(float x) { return static_cast<double>(x); }

}  // namespace pipetrain
