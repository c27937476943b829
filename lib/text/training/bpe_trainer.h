// Training of byte-pair encoding on counted words (Sennrich, Haddow and Birch, "Neural machine
// translation of rare words with subword units", 2016, algorithm 1): the pair of neighbours that
// occurs most often becomes a token, again and again. It must not know texts or files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/training/word_counts.h"

namespace pipetrain {

struct TrainedBpe {
  std::vector<std::string> tokens;  // by id
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
};

// Begins with the tokens `first`; the characters of words are among them, others are left out. Of
// pairs that occur equally often the one of the lowest ids comes first. That is the rule of the
// library `tokenizers`, and so are the tokens, but for one case: where two merges make the same
// text, as "a" + "aa" and "aa" + "a", that library looks for later pairs in a part of the words.
// Ends when no pair is left.
TrainedBpe train_bpe(const WordCounts& words, std::vector<std::string> first,
                     std::size_t vocabulary);

}  // namespace pipetrain
