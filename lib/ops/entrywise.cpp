#include "ops/entrywise.h"

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/row_loops.h"
#include "ops/work_log.h"

namespace pipetrain {

void add(Ops& ops, Matrix to, ConstMatrix from) {
  const WorkScope scope(ops, [&] { return vector_work("add", 1, {to, to, from}); });
  assert(from.entries() == to.entries());
  for_entries(ops, to, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    if (from.dtype() == to.dtype()) {
      simd.add(to.as<T>() + at, from.as<T>() + at, n);
    } else {
      simd.add_values(to.as<T>() + at, from.as<float>() + at, n);
    }
  });
}

void copy(Ops& ops, ConstMatrix from, Matrix to) {
  const WorkScope scope(ops, [&] { return vector_work("copy", 0, {from, to}); });
  assert(from.entries() == to.entries());
  with_entries(from.dtype(), [&]<class T>() {
    parallel_ranges(from.entries(), kGrainEntries, [&](std::int64_t begin, std::int64_t end, int) {
      std::memcpy(to.as<T>() + begin, from.as<T>() + begin,
                  static_cast<std::size_t>(end - begin) * sizeof(T));
    });
  });
}

void multiply(Ops& ops, Matrix x, float factor) {
  const WorkScope scope(ops, [&] { return vector_work("multiply", 1, {x, x}); });
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    simd.scale(x.as<T>() + at, n, factor);
  });
}

void copy_columns(Ops& ops, const ColumnsOf<ConstMatrix>& from, const ColumnsOf<Matrix>& to,
                  std::int64_t count) {
  const WorkScope scope(ops, [&] { return vector_work("copy", 0, {from.matrix, to.matrix}); });
  assert(from.matrix.rows() == to.matrix.rows());
  for_rows(ops, from.matrix, [&]<class T>(const ActivationKernels<T>&, std::int64_t row) {
    std::memcpy(to.matrix.row<T>(row) + to.first, from.matrix.row<T>(row) + from.first,
                static_cast<std::size_t>(count) * sizeof(T));
  });
}

void store(Ops& ops, Matrix to, ConstMatrix from, bool accumulate) {
  if (accumulate) {
    add(ops, to, from);
  } else {
    copy(ops, from, to);
  }
}

bool all_finite(Ops& ops, ConstMatrix x) {
  const WorkScope scope(ops, [&] { return vector_work("all finite", 1, {x}); });
  std::atomic<bool> finite = true;
  for_entries(ops, x, [&]<class T>(const ActivationKernels<T>& simd, auto at, auto n) {
    if (!simd.all_finite(x.as<T>() + at, n)) finite = false;
  });
  return finite;
}

}  // namespace pipetrain
