#include "ops/simd/row_products.h"

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

extern const RowProductKernels row_product_kernels;

namespace {

// Sums of Rows rows of weights with Few rows of x.
template <int Rows, int Few, class W>
PIPETRAIN_INLINE void row_sums(const Strided<const float>& x, const Strided<const W>& weights,
                               Vector (&sums)[Rows][Few]) {
  const std::int64_t terms = weights.columns;
  const auto take = [&](auto at) {
    Vector entries[Few];
    for (int i = 0; i < Few; ++i) entries[i] = at.load(x.row(i));
#pragma GCC unroll 8
    for (int j = 0; j < Rows; ++j) {
      const Vector weight = at.load(weights.row(j));
      for (int i = 0; i < Few; ++i) sums[j][i] = multiply_add(weight, entries[i], sums[j][i]);
    }
  };
  std::int64_t l = 0;
  for (; l + 2 * kLanes <= terms; l += 2 * kLanes) {
    take(Whole{l});
    take(Whole{l + kLanes});
  }
  for (; l + kLanes <= terms; l += kLanes) take(Whole{l});
  if (l < terms) take(Part{l, terms - l});
}

// Few rows of y, Rows columns of it, `apart` from each other.
template <int Rows, int Few, class W>
void row_tile(const Strided<const float>& x, const Strided<const W>& weights, const float* bias,
              const Strided<float>& y, std::int64_t apart, bool accumulate) {
  Vector sums[Rows][Few] = {};
  row_sums(x, weights, sums);
  for (int i = 0; i < Few; ++i) {
    float* const row = y.row(i);
    for (int j = 0; j < Rows; ++j) {
      const float sum = lane_sum(sums[j][i]) + (bias == nullptr ? 0.0f : bias[j * apart]);
      row[j * apart] = accumulate ? row[j * apart] + sum : sum;
    }
  }
}

// All rows of y, Rows columns: four rows of x at a time, then those that are left.
template <int Rows, class W>
void row_columns(const Strided<const float>& x, const Strided<const W>& weights, const float* bias,
                 const Strided<float>& y, std::int64_t apart, bool accumulate) {
  std::int64_t i = 0;
  const auto tile = [&]<int Few>() {
    row_tile<Rows, Few>(x.part(i, Few), weights, bias, y.part(i, Few), apart, accumulate);
  };
  for (; i + 4 <= x.rows; i += 4) tile.template operator()<4>();
  if (x.rows - i == 3) tile.template operator()<3>();
  if (x.rows - i == 2) tile.template operator()<2>();
  if (x.rows - i == 1) tile.template operator()<1>();
}

// The weights as so many parts, one below the other, of which a tile takes a row each. Each part is
// then read from its beginning to its end, far from the others: a processor fetches several such
// streams ahead, but not rows that are neighbours (see README.md).
template <int Streams, class W>
void stream_products(const Strided<const float>& x, const Strided<const W>& weights,
                     const float* bias, const Strided<float>& y, bool accumulate) {
  const std::int64_t part = weights.rows / Streams;
  const auto columns = [&]<int Rows>(std::int64_t j) {
    const Strided<const W> own{weights.row(j), Rows, weights.columns, part * weights.row_stride};
    row_columns<Rows>(x, own, bias == nullptr ? nullptr : bias + j,
                      {y.data + j, y.rows, y.columns - j, y.row_stride}, part, accumulate);
  };
  for (std::int64_t j = 0; j < part; ++j) columns.template operator()<Streams>(j);
  for (std::int64_t j = part * Streams; j < weights.rows; ++j) columns.template operator()<1>(j);
}

template <class W>
void row_products(const Strided<const float>& x, const Strided<const W>& weights, const float* bias,
                  const Strided<float>& y, bool accumulate) {
  if (x.rows == 1) return stream_products<8>(x, weights, bias, y, accumulate);
  stream_products<3>(x, weights, bias, y, accumulate);
}

}  // namespace

const RowProductKernels row_product_kernels = {.on_float32 = row_products<float>,
                                               .on_bfloat16 = row_products<BFloat16>};

}  // namespace pipetrain::PIPETRAIN_ISA
