#include "ops/dropout.h"

#include <algorithm>
#include <cstdint>

#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// body(first, count, factors) for pieces that cover all entries of y.
template <class Body>
void for_each_piece(Ops& ops, const DropoutMask& mask, const Matrix& y, const Body& body) {
  constexpr std::int64_t kPiece = 16 * kDropoutGroup, kGrain = 8;
  // Draws begin at whole groups: some of the first one lie before a part of a row.
  const std::int64_t before = mask.first_entry % kDropoutGroup, entries = before + y.columns();
  const std::int64_t pieces = (entries + kPiece - 1) / kPiece;
  parallel_ranges(y.rows() * pieces, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    float factors[kPiece];
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i / pieces, first = i % pieces * kPiece;
      const std::int64_t count = std::min(kPiece, entries - first);
      const std::int64_t left_out = first == 0 ? before : 0;
      ops.simd().dropout_factors(mask.draw(row, /*line=*/0), mask.first_entry - before + first,
                                 count, factors);
      body(row * y.columns() + first + left_out - before, count - left_out, factors + left_out);
    }
  });
}

}  // namespace

DropoutDraw DropoutMask::draw(std::int64_t row, std::int64_t line) const {
  return {.key = key,
          .line = static_cast<std::uint32_t>(line),
          .row = static_cast<std::uint32_t>(first_row + row),
          .step = static_cast<std::uint32_t>(step),
          .threshold = static_cast<std::uint32_t>(rate * 0x1p32),
          .factor = static_cast<float>(1 / (1 - rate))};
}

void apply_dropout(Ops& ops, const DropoutMask& mask, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("dropout", 1, {x, y}); });
  with_entries(y.dtype(), [&]<class T>() {
    for_each_piece(ops, mask, y, [&](std::int64_t first, std::int64_t count, const float* factors) {
      ops.simd().on<T>().multiply(x.as<T>() + first, factors, y.as<T>() + first, count);
    });
  });
}

void add_dropout(Ops& ops, const DropoutMask& mask, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("dropout", 2, {x, y, y}); });
  with_entries(y.dtype(), [&]<class T>() {
    for_each_piece(ops, mask, y, [&](std::int64_t first, std::int64_t count, const float* factors) {
      ops.simd().on<T>().add_product(y.as<T>() + first, x.as<float>() + first, factors, count);
    });
  });
}

}  // namespace pipetrain
