#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "attention_case.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("Attention and its gradient are those of the formula, causal or not, at odd sizes") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t shapes[][5] = {{1, 1, 1, 1, 1},   {2, 7, 3, 5, 3},    {1, 16, 2, 8, 2},
                                    {1, 63, 1, 19, 1}, {1, 65, 2, 3, 2},   {2, 130, 1, 33, 1},
                                    {1, 64, 2, 32, 2}, {1, 150, 1, 64, 1}, {2, 30, 4, 8, 2},
                                    {1, 65, 6, 3, 2},  {2, 7, 3, 5, 1}};
  for (const auto& [batch, tokens, heads, width, kv_heads] : shapes) {
    for (const bool causal : {true, false}) {
      CAPTURE(batch, tokens, heads, width, kv_heads, causal);
      const AttentionShape s{batch, tokens, heads, width, causal, kv_heads};
      const Floats qkv = random_floats(qkv_elements(s), 1, 1.5f);
      const Floats dout = random_floats(out_elements(s), 2);
      const Expected expected = plain_attention(s, widened(qkv));
      const Result result = run(ops, s, qkv, dout);
      CHECK(distance(result.out, expected.out) < 5e-6);
      CHECK(distance(result.log_sum_exp, expected.log_sum_exp) < 2e-6);
      const std::size_t step = qkv.size() < 1000 ? 1 : qkv.size() / 97;
      CHECK(gradient_distance(widened(qkv), result.dqkv, step, [&](const Doubles& at) {
              return weighted_sum(plain_attention(s, at).out, dout);
            }) < 2e-5);
    }
  }
}

TEST_CASE("Attention in both directions within documents is that of the formula") {
  MemoryPool pool;
  Ops ops(pool);
  std::vector<std::int32_t>
      starts;  // documents that end within blocks of queries, and at their edges
  for (const auto& ends : {std::vector{40, 65}, {1, 24, 48, 65}, {65}}) {
    std::int32_t start = 0;
    for (const int end : ends) {
      while (starts.size() % 65 < static_cast<std::size_t>(end) - 1) starts.push_back(start);
      starts.push_back(start);
      start = end;
    }
  }
  for (const double rate : {0.0, 0.3}) {
    const AttentionShape s{.batch = 3,
                           .tokens = 65,
                           .heads = 4,
                           .head_width = 3,
                           .causal = false,
                           .kv_heads = 2,
                           .dropout = {.key = 5, .step = 3, .first_row = 2, .rate = rate},
                           .document_starts = starts.data()};
    const Floats qkv = random_floats(qkv_elements(s), 1, 1.5f);
    const Floats dout = random_floats(out_elements(s), 2);
    const Expected expected = plain_attention(s, widened(qkv));
    const Result result = run(ops, s, qkv, dout);
    CHECK(distance(result.out, expected.out) < 5e-6);
    CHECK(distance(result.log_sum_exp, expected.log_sum_exp) < 2e-6);
    CHECK(gradient_distance(widened(qkv), result.dqkv, qkv.size() / 97, [&](const Doubles& at) {
            return weighted_sum(plain_attention(s, at).out, dout);
          }) < 2e-5);
  }
}

TEST_CASE("Dropout of the attention's weights and its gradient are those of the formula") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t shapes[][5] = {{2, 7, 3, 5, 3}, {1, 65, 4, 3, 2}, {2, 30, 2, 8, 1}};
  for (const auto& [batch, tokens, heads, width, kv_heads] : shapes) {
    for (const bool causal : {true, false}) {
      CAPTURE(batch, tokens, heads, width, kv_heads, causal);
      const AttentionShape s{.batch = batch,
                             .tokens = tokens,
                             .heads = heads,
                             .head_width = width,
                             .causal = causal,
                             .kv_heads = kv_heads,
                             .dropout = {.key = 5, .step = 3, .first_row = 2, .rate = 0.3},
                             .first_head = 2};
      const Floats qkv = random_floats(qkv_elements(s), 1, 1.5f);
      const Floats dout = random_floats(out_elements(s), 2);
      const Expected expected = plain_attention(s, widened(qkv));
      const Result result = run(ops, s, qkv, dout);
      CHECK(distance(result.out, expected.out) < 5e-6);
      CHECK(distance(result.log_sum_exp, expected.log_sum_exp) < 2e-6);
      const std::size_t step = qkv.size() < 1000 ? 1 : qkv.size() / 97;
      CHECK(gradient_distance(widened(qkv), result.dqkv, step, [&](const Doubles& at) {
              return weighted_sum(plain_attention(s, at).out, dout);
            }) < 2e-5);
    }
  }
}

TEST_CASE("A share of the heads, or of the rows, drops what the whole would") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t tokens = 50, heads = 4, width = 8;
  AttentionShape whole{.batch = 2, .tokens = tokens, .heads = heads, .head_width = width};
  whole.dropout = {.key = 5, .step = 3, .first_row = 6, .rate = 0.3};
  AttentionShape part = whole;
  part.batch = 1;
  part.heads = 2;
  part.dropout.first_row = 7;
  part.first_head = 2;
  const Floats qkv = random_floats(qkv_elements(whole), 1);
  const Floats dout = random_floats(out_elements(whole), 2);
  // Row 1, heads 2 and 3, of a tensor (2, T, groups * heads, D).
  const auto share = [&](const Floats& from, std::int64_t groups) {
    Floats taken;
    for (std::int64_t t = 0; t < tokens; ++t) {
      for (std::int64_t g = 0; g < groups; ++g) {
        const auto first = from.begin() + (((tokens + t) * groups + g) * heads + 2) * width;
        taken.insert(taken.end(), first, first + 2 * width);
      }
    }
    return taken;
  };
  const Result all = run(ops, whole, qkv, dout);
  const Result some = run(ops, part, share(qkv, 3), share(dout, 1));
  CHECK(same_bits(some.out, share(all.out, 1)));
  CHECK(same_bits(some.dqkv, share(all.dqkv, 3)));
}

TEST_CASE("Attention gives the same bits again, and at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  for (const std::int64_t kv_heads : {6, 3, 1}) {
    AttentionShape s{3, 70, 6, 24, true, kv_heads};
    if (kv_heads == 3) s.dropout = {.key = 5, .rate = 0.2};
    const Floats qkv = random_floats(qkv_elements(s), 1), dout = random_floats(out_elements(s), 2);
    omp_set_num_threads(1);
    const Result one = run(ops, s, qkv, dout), again = run(ops, s, qkv, dout);
    omp_set_num_threads(2);
    const Result two = run(ops, s, qkv, dout);
    omp_set_num_threads(threads);
    for (const Result& other : {again, two}) {
      CHECK(same_bits(one.out, other.out));
      CHECK(same_bits(one.log_sum_exp, other.log_sum_exp));
      CHECK(same_bits(one.dqkv, other.dqkv));
    }
  }
}

TEST_CASE("Shared keys and values are the same bits as copies of them") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t batch = 2, tokens = 50, width = 16;
  const AttentionShape grouped{batch, tokens, 4, width, true, 2}, plain{batch, tokens, 4, width};
  const Floats qkv = random_floats(qkv_elements(grouped), 1);
  const Floats dout = random_floats(out_elements(grouped), 2);
  // Which head of the grouped row a head of the plain one copies.
  constexpr std::int64_t kSource[] = {0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7};
  Floats copies;
  for (std::int64_t row = 0; row < batch * tokens; ++row) {
    for (const std::int64_t source : kSource) {
      const auto from = qkv.begin() + (row * grouped.qkv_heads() + source) * width;
      copies.insert(copies.end(), from, from + width);
    }
  }
  const Result shared = run(ops, grouped, qkv, dout), copied = run(ops, plain, copies, dout);
  CHECK(same_bits(shared.out, copied.out));
  CHECK(same_bits(shared.log_sum_exp, copied.log_sum_exp));
  Doubles summed(shared.dqkv.size());  // a shared head's gradient is the sum of its copies'
  for (std::size_t i = 0; i < copied.dqkv.size(); ++i) {
    const auto head = static_cast<std::int64_t>(i) / width;
    const std::int64_t to = head / plain.qkv_heads() * grouped.qkv_heads() + kSource[head % 12];
    summed[static_cast<std::size_t>(to * width) + i % static_cast<std::size_t>(width)] +=
        static_cast<double>(copied.dqkv[i]);
  }
  CHECK(distance(shared.dqkv, summed) < 1e-6);
}

TEST_CASE("Large scores overflow nothing, and a NaN in a query is seen in its row") {
  MemoryPool pool;
  Ops ops(pool);
  const AttentionShape s{1, 20, 1, 8, true};
  Floats qkv = random_floats(qkv_elements(s), 1, 100.0f);
  const Floats dout = random_floats(out_elements(s), 2);
  const Result large = run(ops, s, qkv, dout);
  CHECK(distance(large.out, plain_attention(s, widened(qkv)).out) < 1e-3);
  qkv[10 * 24] = std::numeric_limits<float>::quiet_NaN();
  const Result broken = run(ops, s, qkv, dout);
  CHECK(std::isnan(broken.out[10 * 8]));
  CHECK(std::isfinite(broken.out[9 * 8]));
}
