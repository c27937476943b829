// Which tokens of a corpus train and which validate. It must not know what a token is.
#pragma once

#include <cstdint>
#include <vector>

#include "data/data_config.h"

namespace pipetrain {

struct TokenRange {
  std::int64_t first = 0, count = 0;
  friend bool operator==(const TokenRange&, const TokenRange&) = default;
};

// Both in ascending order, together all tokens. Nothing validates if that is not wanted.
struct TokenSplit {
  std::vector<TokenRange> training, validation;
};

// As data.validation says; `of_path` of the tokens are of data.path, the others of files that
// validate. For `random` the corpus is cut into equal blocks, at most 1024 and each of at least 16
// rows of `length` tokens where it has as many, of which the seed draws those that validate: no
// training row reaches into them.
TokenSplit split_tokens(const DataConfig& config, std::int64_t tokens, std::int64_t of_path,
                        int length, std::uint64_t seed);

std::int64_t tokens_of(const std::vector<TokenRange>& ranges);

}  // namespace pipetrain
