// How often each word of a text occurs, counted by several threads piece by piece: the same counts
// for any number of threads, in bounded memory. It must not know what a word is or where the text
// comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pipetrain {

using WordCounts = std::vector<std::pair<std::string, std::int64_t>>;  // in the order of the words

struct WordCountRequest {
  // Puts the next piece into `piece`; false if there is none. One thread at a time calls it.
  std::function<bool(std::string& piece)> next_piece;
  // Calls `visit` for each word of a piece. Threads call it at once.
  std::function<void(std::string_view piece, const std::function<void(std::string_view)>& visit)>
      words_of;
  int threads = 1;
  // Beyond this many words those that occurred least are forgotten.
  std::size_t most_words = std::size_t{8} << 20;
};

WordCounts count_words(const WordCountRequest& request);

}  // namespace pipetrain
