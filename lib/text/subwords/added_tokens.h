// The tokens of a tokenizer.json that are found in a text before the model sees it: special ones,
// and others that somebody added. It must not know models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/byte_trie.h"
#include "text/subwords/normalizers.h"
#include "text/subwords/part.h"
#include "text/subwords/pattern.h"
#include "text/subwords/token_table.h"

namespace pipetrain {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;      // decoding leaves it out
  bool normalized = false;   // it is looked for after the text was normalized, not before
  bool single_word = false;  // only where no word goes on before or after it
  bool strip_left = false, strip_right = false;  // takes the white space before or after it along
};

class AddedTokens {
 public:
  // Of the list "added_tokens"; `model` says which ids are taken.
  AddedTokens(JsonPart& file, const TokenTable& model, const Normalizers& normalizers);

  struct Stretch {
    std::string_view text;
    std::int32_t id = -1;  // -1: text without a token
  };
  // Cuts at those that are looked for before, or after, the text was normalized.
  std::vector<Stretch> cut(std::string_view text, bool normalized) const;

  const AddedToken* find(std::int32_t id) const;
  // The special token of that text.
  std::optional<std::int32_t> special(std::string_view content) const;
  std::int32_t end() const { return end_; }  // ids are below it

 private:
  struct Match {
    std::size_t begin, end;
    const AddedToken* token;
  };
  bool find_next(std::string_view text, bool normalized, std::size_t from, Match& match) const;
  bool stands_alone(std::string_view text, const Match& match) const;

  std::vector<AddedToken> tokens_;
  ByteTrie before_, after_;  // numbers are places in tokens_
  Pattern word_;
  std::vector<std::int32_t> place_;  // in tokens_, by id; -1: none
  std::int32_t end_ = 0;
};

}  // namespace pipetrain
