#include "ops/attention/attention_pairs.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/attention/attention_rows.h"

namespace pipetrain {
namespace {

std::int64_t whole(std::int64_t n) { return (n + kPairColumns - 1) / kPairColumns * kPairColumns; }

// Rows of scratch, each of whole vectors; what an operation does not write there is 0.
using Rows = Strided<BFloat16>;
using Pairs = Strided<BFloat16Pair>;

// Two neighbouring entries of each row as a pair.
Strided<const BFloat16Pair> along_columns(const Rows& x) {
  return {reinterpret_cast<const BFloat16Pair*>(x.data), x.rows, x.columns / 2, x.row_stride / 2};
}

// A part of one thread's memory after the other; without memory it counts them.
class Scratch {
 public:
  explicit Scratch(float* memory) : memory_(memory) {}
  template <class T>
  Strided<T> take(std::int64_t rows, std::int64_t columns) {
    auto* const data = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + used_);
    used_ += rows * columns * static_cast<std::int64_t>(sizeof(T)) / 4;
    return {data, rows, columns, columns};
  }
  std::int64_t used() const { return used_; }

 private:
  float* memory_;
  std::int64_t used_ = 0;
};

// The rows of one head, or of a block of its queries, in a place of their own.
void copy(const Strided<const BFloat16>& from, const Rows& to) {
  const auto bytes = [](std::int64_t entries) {
    return static_cast<std::size_t>(entries) * sizeof(BFloat16);
  };
  for (std::int64_t i = 0; i < from.rows; ++i) {
    std::memcpy(to.row(i), from.row(i), bytes(from.columns));
    std::memset(to.row(i) + from.columns, 0, bytes(to.columns - from.columns));
  }
  std::memset(to.row(from.rows), 0, bytes((to.rows - from.rows) * to.columns));
}

void round_rows(const SimdKernels& simd, const Strided<const float>& from, const Rows& to) {
  for (std::int64_t i = 0; i < from.rows; ++i) {
    simd.on_bfloat16.round(from.row(i), to.row(i), from.columns);
  }
  for (std::int64_t i = from.rows; i < to.rows; ++i) {
    std::memset(to.row(i), 0, static_cast<std::size_t>(from.columns) * sizeof(BFloat16));
  }
}

// Neighbouring rows as pairs: (rows / 2, columns).
void pair_rows(const SimdKernels& simd, const Rows& x, const Pairs& pairs) {
  for (std::int64_t i = 0; i < pairs.rows; ++i) {
    simd.pair_rows(x.row(2 * i), x.row(2 * i + 1), pairs.row(i), pairs.columns);
  }
}

// Neighbouring columns as pairs, transposed: (columns / 2, rows). A transpose of floats moves bits.
void transpose_pairs(const SimdKernels& simd, const Rows& x, const Pairs& pairs) {
  simd.on_float32.transpose(
      {reinterpret_cast<const float*>(x.data), x.rows, x.columns / 2, x.row_stride / 2},
      {reinterpret_cast<float*>(pairs.data), pairs.rows, pairs.columns, pairs.row_stride});
}

void zero(float* row, std::int64_t from, std::int64_t to) {
  std::memset(row + from, 0, static_cast<std::size_t>(to - from) * sizeof(float));
}

// The tokens of all slices, one behind the other, and what fills up whole vectors behind them;
// `part(head of a slice, its qkv)` are the rows.
template <class Part>
void gather(const Head& head, EarlierSlices earlier, const BFloat16* qkv, const Rows& to,
            const Part& part) {
  const auto visit = [&](const Head& slice, const BFloat16* x, const void*, std::int64_t first) {
    const std::int64_t tokens = slice.shape.tokens;
    const bool last = first == head.shape.past;
    copy(part(slice, x), to.part(first, last ? to.rows - first : tokens));
  };
  for_each_slice<BFloat16, const void>(head, earlier, qkv, nullptr, visit);
}
void gather_keys(const Head& head, EarlierSlices earlier, const BFloat16* qkv, const Rows& to) {
  gather(head, earlier, qkv, to, [](const Head& slice, const auto* x) { return slice.keys(x); });
}
void gather_values(const Head& head, EarlierSlices earlier, const BFloat16* qkv, const Rows& to) {
  gather(head, earlier, qkv, to, [](const Head& slice, const auto* x) { return slice.values(x); });
}

// One thread's memory for a head: T tokens with those before them, D entries, both up to whole
// vectors; a block of queries.
struct Forward {
  Forward(const AttentionShape& shape, Scratch scratch)
      : keys(scratch.take<BFloat16>(whole(shape.past + shape.tokens), whole(shape.head_width))),
        keys_t(scratch.take<BFloat16Pair>(keys.columns / 2, keys.rows)),
        values(scratch.take<BFloat16Pair>(keys.rows / 2, keys.columns)),
        q(scratch.take<BFloat16>(kQueryRows, keys.columns)),
        scores(scratch.take<float>(kQueryRows, keys.rows)),
        weights(scratch.take<BFloat16>(kQueryRows, keys.rows)),
        o(scratch.take<float>(kQueryRows, keys.columns)),
        factors(scratch.take<float>(1, keys.rows).data),
        floats(scratch.used()) {}

  Rows keys;             // (T, D)
  Pairs keys_t, values;  // (D / 2, T), (T / 2, D)
  Rows q;
  Strided<float> scores;
  Rows weights;
  Strided<float> o;
  float* factors;
  std::int64_t floats;  // of all
};

void forward_of_head(const SimdKernels& simd, const Head& head, const Forward& at,
                     const BFloat16* qkv, EarlierSlices earlier, BFloat16* out,
                     float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  const std::int64_t D = shape.head_width;
  gather_values(head, earlier, qkv, at.keys);
  pair_rows(simd, at.keys, at.values);
  gather_keys(head, earlier, qkv, at.keys);
  transpose_pairs(simd, at.keys, at.keys_t);
  for (std::int64_t first = 0; first < shape.tokens; first += kQueryRows) {
    const Block block = query_block(shape, head.batch, first, shape.past);
    const std::int64_t keys = whole(block.keys);
    const Strided<BFloat16> mixed = head.mixed(out).part(first, block.rows);
    copy(head.queries(qkv).part(first, block.rows), at.q);
    const Strided<float> scores = at.scores.corner(block.rows, keys);
    const Strided<float> o = at.o.corner(block.rows, at.o.columns);
    simd.pair_matmul(along_columns(at.q), at.keys_t.read().from_column(block.first_key), scores,
                     false);
    float sums[kQueryRows];
    softmax_rows(simd, head, block, scores, {at.factors, nullptr}, sums,
                 log_sum_exp + head.row_at() + first);
    round_rows(simd, scores.read(), at.weights);
    simd.pair_matmul(along_columns(at.weights.corner(block.rows, keys)),
                     at.values.read().part(block.first_key / 2, keys / 2), o, false);
    for (std::int64_t i = 0; i < block.rows; ++i) simd.scale(o.row(i), D, 1.0f / sums[i]);
    write_rows(simd, o.corner(block.rows, D).read(), mixed);
  }
}

// The same for backward; keys, values and their gradients are shared by the heads of a group.
struct Backward {
  Backward(const AttentionShape& shape, Scratch scratch)
      : keys(scratch.take<BFloat16>(whole(shape.past + shape.tokens), whole(shape.head_width))),
        keys_t(scratch.take<BFloat16Pair>(keys.columns / 2, keys.rows)),
        values_t(scratch.take<BFloat16Pair>(keys.columns / 2, keys.rows)),
        key_pairs(scratch.take<BFloat16Pair>(keys.rows / 2, keys.columns)),
        dk(scratch.take<float>(keys.rows, keys.columns)),
        dv(scratch.take<float>(keys.rows, keys.columns)),
        q(scratch.take<BFloat16>(kQueryRows, keys.columns)),
        dout(scratch.take<BFloat16>(kQueryRows, keys.columns)),
        q_pairs(scratch.take<BFloat16Pair>(kQueryRows / 2, keys.columns)),
        dout_pairs(scratch.take<BFloat16Pair>(kQueryRows / 2, keys.columns)),
        p(scratch.take<float>(kQueryRows, keys.rows)),
        ds(scratch.take<float>(kQueryRows, keys.rows)),
        p_rows(scratch.take<BFloat16>(kQueryRows, keys.rows)),
        ds_rows(scratch.take<BFloat16>(kQueryRows, keys.rows)),
        p_pairs(scratch.take<BFloat16Pair>(kQueryRows / 2, keys.rows)),
        ds_pairs(scratch.take<BFloat16Pair>(kQueryRows / 2, keys.rows)),
        dq(scratch.take<float>(kQueryRows, keys.columns)),
        rows{scratch.take<float>(1, keys.rows).data, scratch.take<float>(1, keys.rows).data},
        floats(scratch.used()) {}

  Rows keys;                          // (T, D); first of the values
  Pairs keys_t, values_t, key_pairs;  // (D / 2, T) twice, (T / 2, D)
  Strided<float> dk, dv;              // (T, D)
  Rows q, dout;
  Pairs q_pairs, dout_pairs;
  Strided<float> p, ds;
  Rows p_rows, ds_rows;
  Pairs p_pairs, ds_pairs;
  Strided<float> dq;
  RowScratch rows;
  std::int64_t floats;
};

void backward_of_head(const SimdKernels& simd, const Head& head, const Backward& at,
                      const BFloat16* qkv, const BFloat16* out, const float* log_sum_exp,
                      const BFloat16* dout, BFloat16* dqkv) {
  const AttentionShape& shape = head.shape;
  const std::int64_t D = shape.head_width;
  for (std::int64_t first = 0; first < shape.tokens; first += kQueryRows) {
    const Block block = query_block(shape, head.batch, first, shape.past);
    const std::int64_t keys = whole(block.keys);
    const Strided<const BFloat16> mixed = head.mixed(out).part(first, block.rows);
    const Strided<const BFloat16> dmixed = head.mixed(dout).part(first, block.rows);
    copy(head.queries(qkv).part(first, block.rows), at.q);
    copy(dmixed, at.dout);
    pair_rows(simd, at.q, at.q_pairs);
    pair_rows(simd, at.dout, at.dout_pairs);
    const Strided<float> p = at.p.corner(block.rows, keys), ds = at.ds.corner(block.rows, keys);
    const std::int64_t first_key = block.first_key;
    simd.pair_matmul(along_columns(at.q), at.keys_t.read().from_column(first_key), p, false);
    simd.pair_matmul(along_columns(at.dout), at.values_t.read().from_column(first_key), ds, false);
    softmax_rows_backward(simd, head, block, log_sum_exp + head.row_at() + first, dmixed, mixed,
                          at.rows, p, ds);
    round_rows(simd, p.read(), at.p_rows);
    round_rows(simd, ds.read(), at.ds_rows);
    const Pairs p_pairs = at.p_pairs.corner(kQueryRows / 2, keys);
    const Pairs ds_pairs = at.ds_pairs.corner(kQueryRows / 2, keys);
    pair_rows(simd, at.p_rows, p_pairs);
    pair_rows(simd, at.ds_rows, ds_pairs);
    simd.pair_matmul(ds_pairs.read().transposed(), at.q_pairs.read(),
                     at.dk.part(first_key, block.keys), true);
    simd.pair_matmul(p_pairs.read().transposed(), at.dout_pairs.read(),
                     at.dv.part(first_key, block.keys), true);
    simd.pair_matmul(along_columns(at.ds_rows.corner(block.rows, keys)),
                     at.key_pairs.read().part(first_key / 2, keys / 2),
                     at.dq.corner(block.rows, at.dq.columns), false);
    write_rows(simd, at.dq.corner(block.rows, D).read(),
               head.queries(dqkv).part(first, block.rows));
  }
}

}  // namespace

void paired_attention_forward(Ops& ops, const AttentionShape& shape, const BFloat16* qkv,
                              BFloat16* out, float* log_sum_exp, EarlierSlices earlier) {
  const std::int64_t floats = Forward(shape, Scratch(nullptr)).floats;
  for_each_head(ops, shape, shape.heads, floats,
                [&](std::int64_t batch, std::int64_t head, float* memory) {
                  forward_of_head(ops.simd(), {shape, batch, head}, Forward(shape, Scratch(memory)),
                                  qkv, earlier, out, log_sum_exp);
                });
}

void paired_attention_backward(Ops& ops, const AttentionShape& shape, const BFloat16* qkv,
                               const BFloat16* out, const float* log_sum_exp, const BFloat16* dout,
                               BFloat16* dqkv, EarlierSlices earlier, const float* later) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t floats = Backward(shape, Scratch(nullptr)).floats;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  const auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const Backward at(shape, Scratch(memory));
    const Head first{shape, batch, group * share};
    gather_values(first, earlier, qkv, at.keys);
    transpose_pairs(simd, at.keys, at.values_t);
    gather_keys(first, earlier, qkv, at.keys);
    transpose_pairs(simd, at.keys, at.keys_t);
    pair_rows(simd, at.keys, at.key_pairs);
    begin_sums<BFloat16>(simd, first, earlier, later, at.dk, at.dv);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      backward_of_head(simd, {shape, batch, head}, at, qkv, out, log_sum_exp, dout, dqkv);
    }
    const std::int64_t rows = at.dk.rows, D = shape.head_width;
    end_sums(simd, first, earlier, at.dk.corner(rows, D), at.dv.corner(rows, D), dqkv);
  };
  for_each_head(ops, shape, shape.groups(), floats, backward);
}

}  // namespace pipetrain
