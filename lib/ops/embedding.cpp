#include "ops/embedding.h"

#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrainElements = 4096;

}  // namespace

void embedding_forward(Ops&, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       TableRows has, const std::int32_t* ids, const float* table, float* y) {
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  parallel_ranges(rows * tokens, kGrainElements / width,
                  [&](std::int64_t begin, std::int64_t end, int) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      if (has.has(ids[i])) {
                        std::memcpy(y + i * width, table + has.row(ids[i]) * width, bytes);
                      } else {
                        std::memset(y + i * width, 0, bytes);
                      }
                    }
                  });
}

void add_positions(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                   const float* positions, float* y) {
  parallel_ranges(rows * tokens, kGrainElements / width,
                  [&](std::int64_t begin, std::int64_t end, int) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      ops.simd().add(y + i * width, positions + i % tokens * width, width);
                    }
                  });
}

// Threads share the columns, so that each adds its part of every row in row order.
void embedding_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                        TableRows has, const std::int32_t* ids, const float* dy, float* dtable) {
  constexpr std::int64_t kGrainColumns = 64;
  parallel_ranges(width, kGrainColumns, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t i = 0; i < rows * tokens; ++i) {
      if (!has.has(ids[i])) continue;
      ops.simd().add(dtable + has.row(ids[i]) * width + begin, dy + i * width + begin, end - begin);
    }
  });
}

void position_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       const float* dy, float* dpositions, bool accumulate) {
  parallel_ranges(tokens * width, kGrainElements, [&](std::int64_t begin, std::int64_t end, int) {
    const auto bytes = static_cast<std::size_t>(end - begin) * sizeof(float);
    if (!accumulate) std::memcpy(dpositions + begin, dy + begin, bytes);
    for (std::int64_t row = accumulate ? 0 : 1; row < rows; ++row) {
      ops.simd().add(dpositions + begin, dy + row * tokens * width + begin, end - begin);
    }
  });
}

}  // namespace pipetrain
