#include "ops/embedding.h"

#include <cstdint>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrainElements = 4096;

}  // namespace

void embedding_forward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       TableRows has, const std::int32_t* ids, const float* table,
                       ActivationPtr y) {
  with_entries(y.dtype(), [&]<class T>() {
    parallel_ranges(rows * tokens, kGrainElements / width,
                    [&](std::int64_t begin, std::int64_t end, int) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        T* const to = y.as<T>() + i * width;
                        if (has.has(ids[i])) {
                          ops.simd().on<T>().round(table + has.row(ids[i]) * width, to, width);
                        } else {
                          std::memset(to, 0, static_cast<std::size_t>(width) * sizeof(T));
                        }
                      }
                    });
  });
}

void add_positions(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                   const float* positions, ActivationPtr y) {
  with_entries(y.dtype(), [&]<class T>() {
    parallel_ranges(rows * tokens, kGrainElements / width,
                    [&](std::int64_t begin, std::int64_t end, int) {
                      for (std::int64_t i = begin; i < end; ++i) {
                        ops.simd().on<T>().add_values(y.as<T>() + i * width,
                                                      positions + i % tokens * width, width);
                      }
                    });
  });
}

// Threads share the columns, so that each adds its part of every row in row order.
void embedding_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                        TableRows has, const std::int32_t* ids, ConstActivationPtr dy,
                        float* dtable) {
  constexpr std::int64_t kGrainColumns = 64;
  with_entries(dy.dtype(), [&]<class T>() {
    parallel_ranges(width, kGrainColumns, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = 0; i < rows * tokens; ++i) {
        if (!has.has(ids[i])) continue;
        ops.simd().on<T>().add_to_sums(dtable + has.row(ids[i]) * width + begin,
                                       dy.as<T>() + i * width + begin, end - begin);
      }
    });
  });
}

void position_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       ConstActivationPtr dy, float* dpositions, bool accumulate) {
  with_entries(dy.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(tokens * width, kGrainElements, [&](std::int64_t begin, std::int64_t end, int) {
      const T* const from = dy.as<T>() + begin;
      if (!accumulate) simd.widen(from, dpositions + begin, end - begin);
      for (std::int64_t row = accumulate ? 0 : 1; row < rows; ++row) {
        simd.add_to_sums(dpositions + begin, from + row * tokens * width, end - begin);
      }
    });
  });
}

}  // namespace pipetrain
