#include "nn/layers/key_value_rows.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace pipetrain {
namespace {

// Rows of keys that were a power of two apart would push each other out of the processor's caches.
std::int64_t padded(std::int64_t tokens) { return (tokens + 15) / 32 * 32 + 16; }

// The tokens that all rows of a head have room for: N of what is kept.
std::int64_t tokens_of(const Tensor& kept, const KeyValueHeads& heads) {
  return kept.shape()[2] / (heads.count * heads.width);
}

// All rows of `from` to the beginning of `to`, whose rows have room for more tokens.
void move_rows(const Tensor& from, const KeyValueHeads& heads, Tensor& to) {
  const std::int64_t rows = from.shape()[1], before = tokens_of(from, heads),
                     now = tokens_of(to, heads);
  const std::int64_t values_before = from.elements() / 2, values_now = to.elements() / 2;
  for (std::int64_t head = 0; head < rows * heads.count; ++head) {
    const std::int64_t at = head * heads.width;
    for (std::int64_t d = at; d < at + heads.width; ++d) {
      std::copy_n(from.f32() + d * before, before, to.f32() + d * now);
    }
    std::copy_n(from.f32() + values_before + at * before, heads.width * before,
                to.f32() + values_now + at * now);
  }
}

}  // namespace

KeyValueCache key_value_rows(MemoryPool& pool, const KeyValueHeads& heads, const RowsToKeep& needed,
                             Tensor& kept) {
  constexpr std::int64_t kFirstTokens = 256;
  const std::int64_t floats = heads.count * heads.width;
  const std::int64_t rows_before = kept.empty() ? 0 : kept.shape()[1];
  const std::int64_t tokens_before = kept.empty() ? 0 : tokens_of(kept, heads);
  const std::int64_t wanted = needed.rows.first + needed.rows.count;
  const std::int64_t rows = wanted > rows_before ? std::max(wanted, 2 * rows_before) : rows_before;
  assert(needed.tokens <= needed.most_tokens);
  std::int64_t tokens = tokens_before;
  if (needed.tokens > tokens) {
    const std::int64_t room = std::max({kFirstTokens, 2 * tokens_before, needed.tokens});
    tokens = padded(std::min(room, needed.most_tokens));
  }
  if (rows > rows_before || tokens > tokens_before) {
    Tensor larger(pool, {2, rows, floats * tokens});
    if (!kept.empty()) move_rows(kept, heads, larger);
    kept = std::move(larger);
  }
  const std::int64_t first = needed.rows.first * floats * tokens;
  return {kept.f32() + first, kept.f32() + kept.elements() / 2 + first, tokens};
}

}  // namespace pipetrain
