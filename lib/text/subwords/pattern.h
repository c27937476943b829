// A regular expression of a tokenizer.json, matched by PCRE2. The library `tokenizers` matches by
// Oniguruma, in which some signs mean something else: they are translated, and those that cannot be
// are refused. It must not know what is done with the matches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "text/subwords/part.h"

namespace pipetrain {

struct CompiledPattern;  // of PCRE2
struct PatternScratch;

class Pattern {
 public:
  // Refuses what is not supported in the name of `part`.
  Pattern(const std::string& expression, const JsonPart& part);
  // Of our own, in the words of PCRE2.
  explicit Pattern(const std::string& expression);
  static Pattern literal(const std::string& text);

  // Whether what stands before a place may decide about a match there. False for sure.
  bool looks_back() const { return looks_back_; }

  // The matches in a text of valid UTF-8, from left to right. Threads may look at once. Where the
  // text goes on behind what is here, they end before the first one that this may change.
  class Matches {
   public:
    Matches(const Pattern& pattern, std::string_view text, bool goes_on = false);
    ~Matches();
    Matches(const Matches&) = delete;
    Matches& operator=(const Matches&) = delete;
    // The next one's bytes; false if there is none. Error(kConfiguration) if it takes too long.
    bool next(std::size_t& begin, std::size_t& end);

   private:
    const CompiledPattern& compiled_;
    std::string_view text_;
    std::unique_ptr<PatternScratch> scratch_;
    std::size_t from_ = 0;
    std::uint32_t options_;      // of PCRE2
    bool empty_before_ = false;  // the last match was one of no bytes, at from_
  };

 private:
  std::shared_ptr<const CompiledPattern> compiled_;
  bool looks_back_ = false;
};

// White space, and a character of a word as Oniguruma and as Rust understand \w, as sets between
// brackets.
inline constexpr std::string_view kSpaceSet =
    R"(\t-\r\x20\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
inline constexpr std::string_view kOnigurumaWordSet =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xB2\xB3\xB9\xBC-\xBE)";
inline constexpr std::string_view kWordSet = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D})";

}  // namespace pipetrain
