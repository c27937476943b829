#include "data/formats/token_split.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/random.h"
#include "data/permutation.h"

namespace pipetrain {
namespace {

TokenSplit split_random(std::int64_t tokens, double fraction, int length, std::uint64_t seed) {
  const std::int64_t blocks =
      std::clamp<std::int64_t>(tokens / (16 * (std::int64_t{length} + 1)), 2, 1024);
  const auto wanted = std::llround(static_cast<double>(blocks) * fraction);
  const std::int64_t validate = std::clamp<std::int64_t>(wanted, 1, blocks - 1);
  std::vector<bool> validates(static_cast<std::size_t>(blocks));
  const Permutation order(blocks, random_key(seed, "data split"));
  for (std::int64_t i = 0; i < validate; ++i) {
    validates[static_cast<std::size_t>(order.at(i))] = true;
  }
  TokenSplit split;
  for (std::int64_t b = 0; b < blocks; ++b) {
    const bool here = validates[static_cast<std::size_t>(b)];
    const std::int64_t first = b * tokens / blocks, end = (b + 1) * tokens / blocks;
    std::vector<TokenRange>& ranges = here ? split.validation : split.training;
    if (!ranges.empty() && ranges.back().first + ranges.back().count == first) {
      ranges.back().count += end - first;
    } else {
      ranges.push_back({first, end - first});
    }
  }
  return split;
}

}  // namespace

TokenSplit split_tokens(const DataConfig& config, std::int64_t tokens, std::int64_t of_path,
                        int length, std::uint64_t seed) {
  const double fraction = config.validation_fraction;
  std::int64_t training = of_path;
  if (!config.validates_files()) {
    if (fraction == 0) return {{{0, tokens}}, {}};
    if (config.random()) return split_random(tokens, fraction, length, seed);
    training = static_cast<std::int64_t>(static_cast<double>(tokens) * (1 - fraction));
  }
  return {{{0, training}}, {{training, tokens - training}}};
}

std::int64_t tokens_of(const std::vector<TokenRange>& ranges) {
  std::int64_t tokens = 0;
  for (const TokenRange& range : ranges) tokens += range.count;
  return tokens;
}

}  // namespace pipetrain
