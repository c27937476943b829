// A tokenizer whose tokens are characters, bytes or words: those that data.tokenizer names. It must
// not know models, nor how a vocabulary is made of a text.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"
#include "text/tokenizer_kind.h"

namespace pipetrain {

class UnitTokenizer final : public Tokenizer {
 public:
  // Units by token; of bytes, the 256. Words that are none of them are the token `unknown`.
  UnitTokenizer(TokenizerKind kind, std::vector<std::string> units, std::int32_t unknown);

  std::string_view kind() const override;
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(units_.size()); }
  const std::string& digest() const override { return digest_; }
  std::int32_t start_token() const override { return start_; }  // a line's end, or the first token
  using Tokenizer::encode;
  void encode(std::string_view text, SpecialTokens special,
              std::vector<std::int32_t>& ids) const override;
  bool encode_part(const TextPart& part, std::vector<std::int32_t>& ids) const override;
  std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const override;
  std::unique_ptr<TextStream> stream() const override;

  // The token's own bytes, and what stands between it and the text before, which ends with `last`.
  std::string text_of(std::int32_t token, char last) const;

 private:
  std::int32_t token_of(const std::string& unit) const;

  TokenizerKind kind_;
  std::vector<std::string> units_;  // by token
  std::unordered_map<std::string, std::int32_t> tokens_;
  std::int32_t unknown_, start_ = 0;
  std::string digest_;
};

}  // namespace pipetrain
