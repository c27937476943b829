// Text to tokens and back, as the tokenizer.json of a checkpoint says. It must not know models or
// where the text comes from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer_kind.h"

namespace pipetrain {

class Tokenizer {
 public:
  // Of the JSON that a Source wrote. Error(kCheckpoint) that begins with `file` for anything else.
  // Tokens that have no text (data.format tokens, synthetic) are written as numbers.
  Tokenizer(std::string_view json, const std::string& file);

  // Tokens are below it; 0: as many as the model has.
  std::int32_t size() const { return static_cast<std::int32_t>(units_.size()); }
  // Error(kConfiguration) for what the tokenizer does not know: a character, or no number below
  // `vocabulary`. Unknown words are one token.
  std::vector<std::int32_t> encode(std::string_view text, std::int64_t vocabulary) const;
  // What an empty text begins after: a line's end, or else the first token.
  std::int32_t start_token(std::int64_t vocabulary) const {
    return start_ < vocabulary ? start_ : 0;
  }
  // The token's own text, and what stands between it and the text before, which ends with `last`.
  std::string text_of(std::int32_t token, char last) const;

 private:
  std::vector<std::int32_t> encode_numbers(std::string_view text, std::int64_t vocabulary) const;
  std::int32_t token_of(const std::string& unit) const;

  std::optional<TokenizerKind> kind_;  // none: tokens are written as numbers
  std::vector<std::string> units_;     // by token
  std::unordered_map<std::string, std::int32_t> tokens_;
  std::int32_t unknown_ = 0, start_ = 0;
};

// A stream of bytes as valid UTF-8: a character is held back until it is complete, and bytes that
// are none become U+FFFD.
class Utf8Stream {
 public:
  std::string add(std::string_view bytes);  // what can be shown now
  std::string finish();                     // and at the end

 private:
  bool may_go_on(std::size_t at) const;  // the held bytes from `at` on are the start of a character

  std::string held_;
};

}  // namespace pipetrain
