#include "ops/entrywise.h"

#include <atomic>
#include <cstdint>
#include <cstring>

#include "ops/entry_ranges.h"

namespace pipetrain {

void add(Ops& ops, std::int64_t count, ActivationPtr to, ConstActivationPtr from) {
  for_entries(ops, count, to.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                if (from.dtype() == to.dtype()) {
                  simd.add(to.as<T>() + at, from.as<T>() + at, n);
                } else {
                  simd.add_values(to.as<T>() + at, from.as<float>() + at, n);
                }
              });
}

void copy(Ops&, std::int64_t n, ConstActivationPtr from, ActivationPtr to) {
  with_entries(from.dtype(), [&]<class T>() {
    parallel_ranges(n, kGrainEntries, [&](std::int64_t begin, std::int64_t end, int) {
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
  parallel_ranges(n, kGrainEntries, [&](std::int64_t begin, std::int64_t end, int) {
    std::memcpy(to + begin, x + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
    ops.simd().on_float32.add(to + begin, y + begin, end - begin);
  });
}

bool all_finite(Ops& ops, std::int64_t count, ConstActivationPtr x) {
  std::atomic<bool> finite = true;
  for_entries(ops, count, x.dtype(),
              [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
                if (!simd.all_finite(x.as<T>() + at, n)) finite = false;
              });
  return finite;
}

}  // namespace pipetrain
