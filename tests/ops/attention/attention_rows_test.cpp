#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "attention_case.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("Windows, caps of scores and another scale, and their gradients, are the formula's") {
  MemoryPool pool;
  Ops ops(pool);
  const AttentionShape plain{.batch = 2, .tokens = 130, .heads = 4, .head_width = 6, .kv_heads = 2};
  std::vector<AttentionShape> shapes;
  for (const std::int64_t window : {1, 5, 33, 64, 129, 130, 500}) {
    shapes.push_back(plain);
    shapes.back().window = window;
  }
  for (const std::int64_t window : {0, 40}) {
    shapes.push_back(plain);
    shapes.back().score_cap = 1.5f;
    shapes.back().score_width = 2.0f;
    shapes.back().window = window;
    shapes.push_back(shapes.back());
    shapes.back().dropout = {.key = 5, .step = 3, .first_row = 2, .rate = 0.3};
  }
  shapes.push_back(plain);
  shapes.back().causal = false;
  shapes.back().score_cap = 0.7f;
  for (const AttentionShape& s : shapes) {
    CAPTURE(s.window, s.score_cap, s.score_width, s.causal, s.dropout.rate);
    const Floats qkv = random_floats(qkv_elements(s), 1, 1.5f);
    const Floats dout = random_floats(out_elements(s), 2);
    const Expected expected = plain_attention(s, widened(qkv));
    const Result result = run(ops, s, qkv, dout);
    CHECK(distance(result.out, expected.out) < 5e-6);
    CHECK(distance(result.log_sum_exp, expected.log_sum_exp) < 2e-6);
    CHECK(gradient_distance(widened(qkv), result.dqkv, qkv.size() / 31, [&](const Doubles& at) {
            return weighted_sum(plain_attention(s, at).out, dout);
          }) < 2e-5);
  }
}

TEST_CASE("A window that all tokens fit in changes no bit, with and without tokens before") {
  MemoryPool pool;
  Ops ops(pool);
  const AttentionShape plain{.batch = 1, .tokens = 70, .heads = 2, .head_width = 8};
  AttentionShape wide = plain, narrow = plain;
  wide.window = 70;
  narrow.window = 40;
  const Floats qkv = random_floats(qkv_elements(plain), 1);
  const Floats dout = random_floats(out_elements(plain), 2);
  const Result one = run(ops, plain, qkv, dout), other = run(ops, wide, qkv, dout);
  CHECK(same_bits(one.out, other.out));
  CHECK(same_bits(one.dqkv, other.dqkv));
  // Token by token behind those before it, as a text is generated.
  for (const AttentionShape& s : {wide, narrow}) {
    const Floats whole = run(ops, s, qkv, dout).out;
    Floats keys(2 * 8 * 70), values(2 * 8 * 70), out;
    AttentionShape token = s;
    token.tokens = 1;
    for (std::int64_t t = 0; t < 70; ++t) {
      const Floats row(qkv.begin() + t * 48, qkv.begin() + (t + 1) * 48);
      Floats made(16);
      attention_continue(ops, token, {keys.data(), values.data(), 70}, t, matrix(row, 48),
                         matrix(made, 16));
      out.insert(out.end(), made.begin(), made.end());
    }
    CHECK(distance(out, widened(whole)) < 1e-6);
  }
}

namespace {

// Of rows of 130 tokens, each with documents that begin at these places.
std::vector<std::int32_t> starts_of(const std::vector<std::vector<std::int32_t>>& rows) {
  std::vector<std::int32_t> starts;
  for (const std::vector<std::int32_t>& places : rows) {
    std::int32_t start = 0;
    for (std::int32_t t = 0; t < 130; ++t) {
      if (std::find(places.begin(), places.end(), t) != places.end()) start = t;
      starts.push_back(start);
    }
  }
  return starts;
}

}  // namespace

TEST_CASE("Documents in a row do not see each other, nor do their gradients") {
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<std::int32_t> starts = starts_of({{1, 2, 40, 64, 101}, {24, 90, 129}});
  AttentionShape s{.batch = 2, .tokens = 130, .heads = 4, .head_width = 6, .kv_heads = 2};
  s.document_starts = starts.data();
  for (const std::int64_t window : {0, 20}) {
    for (const float rate : {0.0f, 0.3f}) {
      CAPTURE(window, rate);
      s.window = window;
      s.dropout = {.key = 5, .step = 3, .first_row = 2, .rate = rate};
      const Floats qkv = random_floats(qkv_elements(s), 1, 1.5f);
      const Floats dout = random_floats(out_elements(s), 2);
      const Expected expected = plain_attention(s, widened(qkv));
      const Result result = run(ops, s, qkv, dout);
      CHECK(distance(result.out, expected.out) < 5e-6);
      CHECK(distance(result.log_sum_exp, expected.log_sum_exp) < 2e-6);
      CHECK(gradient_distance(widened(qkv), result.dqkv, qkv.size() / 31, [&](const Doubles& at) {
              return weighted_sum(plain_attention(s, at).out, dout);
            }) < 2e-5);
    }
  }
}

TEST_CASE("A row that is one document has the bits of one that is not told so") {
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<std::int32_t> starts(70, 0);
  AttentionShape s{.batch = 1, .tokens = 70, .heads = 2, .head_width = 8};
  const Floats qkv = random_floats(qkv_elements(s), 1);
  const Floats dout = random_floats(out_elements(s), 2);
  const Result one = run(ops, s, qkv, dout);
  s.document_starts = starts.data();
  const Result other = run(ops, s, qkv, dout);
  CHECK(same_bits(one.out, other.out));
  CHECK(same_bits(one.dqkv, other.dqkv));
}
