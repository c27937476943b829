// A model that makes tokens of a word: BPE, Unigram or WordPiece. It must not know how texts are
// cut into words.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "text/subwords/part.h"
#include "text/subwords/token_table.h"

namespace pipetrain {

class SubwordModel {
 public:
  explicit SubwordModel(TokenTable tokens) : tokens_(std::move(tokens)) {}
  virtual ~SubwordModel() = default;

  virtual std::string_view kind() const = 0;
  // Appends the tokens of a word of valid UTF-8 that is not empty. Threads may call it at once.
  virtual void tokenize(std::string_view word, std::vector<std::int32_t>& ids) const = 0;
  // Whether a word may be cut before a run of this character and its parts be made tokens each.
  virtual bool may_cut_before(std::string_view /*character*/) const { return false; }
  const TokenTable& tokens() const { return tokens_; }

 private:
  TokenTable tokens_;
};

// Of the part "model".
std::unique_ptr<SubwordModel> read_subword_model(JsonPart& part);

// The kinds, each in a file of its own.
std::unique_ptr<SubwordModel> read_bpe(JsonPart& part), read_unigram(JsonPart& part),
    read_word_piece(JsonPart& part);

// The "vocab" of a part: an object from texts to ids.
TokenTable read_vocabulary(JsonPart& part);
// The ids of "<0x00>" to "<0xFF>", -1 for those that are not there.
std::vector<std::int32_t> byte_tokens(const TokenTable& tokens);
// The ids of the bytes of a text; false, and nothing is appended, if one of them has no token.
bool append_bytes(std::string_view text, const std::vector<std::int32_t>& token_of_byte,
                  std::vector<std::int32_t>& ids);

}  // namespace pipetrain
