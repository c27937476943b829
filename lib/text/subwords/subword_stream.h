// The text of tokens as they come, where a token's text depends on those before it: the last ones
// are decoded with and without the new one, and the difference is shown once its characters are
// whole. It must not know how a tokenizer decodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/subword_tokenizer.h"
#include "text/utf8_stream.h"

namespace pipetrain {

class SubwordStream final : public TextStream {
 public:
  explicit SubwordStream(const SubwordTokenizer& tokenizer) : tokenizer_(tokenizer) {}

  std::string follow(std::string_view prompt, std::span<const std::int32_t> tokens) override;
  std::string add(std::int32_t token) override;
  std::string finish() override { return utf8_.finish(); }

 private:
  std::string bytes() const { return tokenizer_.decode_bytes(tokens_, SpecialTokens::kNone); }

  const SubwordTokenizer& tokenizer_;
  std::vector<std::int32_t> tokens_;  // the last ones that showed something, and those after them
  std::size_t seen_ = 0;              // of tokens_: those that showed something
  std::string before_;                // their bytes
  Utf8Stream utf8_;
};

}  // namespace pipetrain
