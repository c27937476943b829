#include "ops/attention/attention_pairs.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../halves.h"
#include "../reference.h"
#include "catch.h"
#include "ops/attention/attention.h"

using namespace pipetrain;

TEST_CASE("Attention on bfloat16 is that on float32 with the same inputs, but for rounding") {
  MemoryPool pool;
  Ops ops(pool);
  std::vector<std::int32_t> starts(66, 0);
  for (std::size_t t = 19; t < 33; ++t) starts[t] = 19;
  for (const AttentionShape& shape :
       {AttentionShape{.batch = 2, .tokens = 29, .heads = 3, .head_width = 8},
        AttentionShape{.batch = 2,
                       .tokens = 33,
                       .heads = 3,
                       .head_width = 8,
                       .causal = false,
                       .document_starts = starts.data()},
        AttentionShape{.batch = 1,
                       .tokens = 50,
                       .heads = 4,
                       .head_width = 16,
                       .causal = false,
                       .kv_heads = 2,
                       .dropout = {.key = 5, .rate = 0.3}},
        AttentionShape{.batch = 1,
                       .tokens = 131,
                       .heads = 4,
                       .head_width = 10,
                       .kv_heads = 2,
                       .dropout = {.key = 5, .rate = 0.1},
                       .window = 40,
                       .score_width = 4,
                       .score_cap = 5}}) {
    const std::int64_t rows = shape.batch * shape.tokens;
    const std::int64_t width = shape.heads * shape.head_width;
    const std::int64_t qkv_width = shape.qkv_heads() * shape.head_width;
    const Halves qkv = random_halves(rows * qkv_width, 1, 2.0f),
                 dout = random_halves(rows * width, 2);
    Halves out(dout.size()), dqkv(qkv.size());
    Floats fout(dout.size()), fdqkv(qkv.size());
    Floats sums(static_cast<std::size_t>(rows * shape.heads)), fsums = sums;
    const Floats fqkv = floats(qkv), fdout = floats(dout);
    attention_forward(ops, shape, matrix(qkv, qkv_width), matrix(out, width), sums.data());
    attention_forward(ops, shape, matrix(fqkv, qkv_width), matrix(fout, width), fsums.data());
    CHECK(distance(sums, widened(fsums)) < 1e-6);
    CHECK(distance(floats(out), widened(fout)) < kRounding);
    const Floats wide_out = floats(out);
    attention_backward(ops, shape, matrix(qkv, qkv_width), matrix(out, width), sums.data(),
                       matrix(dout, width), matrix(dqkv, qkv_width));
    attention_backward(ops, shape, matrix(fqkv, qkv_width), matrix(wide_out, width), fsums.data(),
                       matrix(fdout, width), matrix(fdqkv, qkv_width));
    CHECK(distance(floats(dqkv), widened(fdqkv)) < kRounding);
  }
}
