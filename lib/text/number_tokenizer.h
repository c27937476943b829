// Tokens that have no text here (data.format tokens, synthetic): they are written as numbers. It
// must not know what they mean.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace pipetrain {

class NumberTokenizer final : public Tokenizer {
 public:
  // Numbers are below `vocabulary`; an empty text begins after `start` if that is, else after 0.
  NumberTokenizer(std::int64_t vocabulary, std::int32_t start)
      : vocabulary_(vocabulary), start_(start < vocabulary ? start : 0) {}

  std::string_view kind() const override { return "numbers"; }
  std::int32_t vocabulary_size() const override { return 0; }
  const std::string& digest() const override { return digest_; }
  std::int32_t start_token() const override { return start_; }
  using Tokenizer::encode;
  void encode(std::string_view text, SpecialTokens special,
              std::vector<std::int32_t>& ids) const override;
  std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const override;
  std::unique_ptr<TextStream> stream() const override;

 private:
  std::int64_t vocabulary_;
  std::int32_t start_;
  std::string digest_ = "numbers";
};

}  // namespace pipetrain
