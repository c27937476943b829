// A text file in UTF-8: where its text begins, and what it holds one by one. It must not know what
// becomes of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "data/data_file.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

namespace pipetrain {

// "UTF-16", if the file begins as such text does; null if it may be UTF-8.
const char* other_encoding(const DataFile& file);
// Where the bytes begin that are text: a byte order mark is none.
std::size_t past_mark(const DataFile& file);
// The same; Error(kData) for text in another encoding.
std::size_t start_of_text(const DataFile& file);

// visit(symbol) for each code point, or byte that is not UTF-8 (text/utf8.h).
template <class Visit>
void for_each_symbol(const DataFile& file, Visit visit) {
  constexpr std::size_t kMostBytes = 4;  // of a code point
  for_each_piece(file, start_of_text(file), [&](std::span<const std::byte> text, bool last) {
    const std::size_t end = last ? text.size() : text.size() - std::min(text.size(), kMostBytes);
    std::size_t at = 0;
    while (at < end) visit(next_symbol(text, at));
    return at;
  });
}

// visit(word) for each word (text/vocabulary.h).
template <class Visit>
void for_each_word(const DataFile& file, Visit visit) {
  std::string word;
  for_each_piece(file, start_of_text(file), [&](std::span<const std::byte> text, bool last) {
    std::size_t at = 0, done = 0;
    while (next_unit(TextUnit::kWord, text, at, word)) {
      if (at == text.size() && !last) return done;  // it may go on
      visit(word);
      done = at;
    }
    return text.size();
  });
}

}  // namespace pipetrain
