// Attention by the formula, entry by entry, and by the operation. It must not know what is
// compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../reference.h"
#include "ops/attention/attention.h"

namespace pipetrain {

inline std::int64_t qkv_elements(const AttentionShape& s) {
  return s.batch * s.tokens * s.qkv_heads() * s.head_width;
}

inline std::int64_t out_elements(const AttentionShape& s) {
  return s.batch * s.tokens * s.heads * s.head_width;
}

struct Expected {
  Doubles out, log_sum_exp;  // (B, T, H, D), (B, H, T)
};

// What dropout multiplies the weights of one query with.
inline Floats weight_factors(const AttentionShape& s, std::int64_t b, std::int64_t h,
                             std::int64_t t) {
  Floats factors(static_cast<std::size_t>(s.tokens), 1.0f);
  if (s.dropout.drops()) {
    select_simd_kernels().dropout_factors(s.dropout.draw(b, (s.first_head + h) * s.tokens + t), 0,
                                          s.tokens, factors.data());
  }
  return factors;
}

// dropout(softmax(q k^T / sqrt(D))) v, entry by entry.
inline Expected plain_attention(const AttentionShape& s, const Doubles& qkv) {
  const std::int64_t share = s.heads / s.groups();
  auto entry = [&](std::int64_t b, std::int64_t t, int part, std::int64_t h, std::int64_t d) {
    const std::int64_t head = part == 0 ? h : s.heads + (part - 1) * s.groups() + h / share;
    return qkv[static_cast<std::size_t>(((b * s.tokens + t) * s.qkv_heads() + head) * s.head_width +
                                        d)];
  };
  Expected expected{Doubles(static_cast<std::size_t>(out_elements(s))), {}};
  for (std::int64_t row = 0; row < s.batch * s.heads * s.tokens; ++row) {
    const std::int64_t t = row % s.tokens, h = row / s.tokens % s.heads;
    const std::int64_t b = row / s.tokens / s.heads;
    Doubles weights;
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    const std::int64_t outside = s.window == 0 ? 0 : std::max<std::int64_t>(t + 1 - s.window, 0);
    const std::int64_t start =
        s.document_starts == nullptr ? 0 : s.document_starts[b * s.tokens + t];
    const std::int64_t hidden = std::max(outside, start);
    for (std::int64_t key = hidden; key < (s.causal ? t + 1 : s.tokens); ++key) {
      if (s.document_starts != nullptr && s.document_starts[b * s.tokens + key] != start) break;
      double score = 0;
      for (std::int64_t d = 0; d < s.head_width; ++d) {
        score += entry(b, t, 0, h, d) * entry(b, key, 1, h, d);
      }
      score /= std::sqrt(s.score_width > 0 ? static_cast<double>(s.score_width)
                                           : static_cast<double>(s.head_width));
      const auto cap = static_cast<double>(s.score_cap);
      weights.push_back(cap == 0 ? score : cap * std::tanh(score / cap));
      largest = std::max(largest, weights.back());
    }
    for (double& weight : weights) {
      weight = std::exp(weight - largest);
      sum += weight;
    }
    expected.log_sum_exp.push_back(largest + std::log(sum));
    const Floats factors = weight_factors(s, b, h, t);
    for (std::size_t key = 0; key < weights.size(); ++key) {
      weights[key] *= static_cast<double>(factors[key + static_cast<std::size_t>(hidden)]);
    }
    for (std::int64_t d = 0; d < s.head_width; ++d) {
      double& out =
          expected
              .out[static_cast<std::size_t>(((b * s.tokens + t) * s.heads + h) * s.head_width + d)];
      for (std::size_t key = 0; key < weights.size(); ++key) {
        out += weights[key] / sum * entry(b, hidden + static_cast<std::int64_t>(key), 2, h, d);
      }
    }
  }
  return expected;
}

struct Result {
  Floats out, log_sum_exp, dqkv;
};

inline Result run(Ops& ops, const AttentionShape& s, const Floats& qkv, const Floats& dout) {
  Result r{Floats(dout.size()), Floats(static_cast<std::size_t>(s.batch * s.heads * s.tokens)),
           Floats(qkv.size())};
  const std::int64_t width = s.heads * s.head_width, qkv_width = s.qkv_heads() * s.head_width;
  attention_forward(ops, s, matrix(qkv, qkv_width), matrix(r.out, width), r.log_sum_exp.data());
  attention_backward(ops, s, matrix(qkv, qkv_width), matrix(r.out, width), r.log_sum_exp.data(),
                     matrix(dout, width), matrix(r.dqkv, qkv_width));
  return r;
}

}  // namespace pipetrain
