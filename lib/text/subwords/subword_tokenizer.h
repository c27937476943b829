// A tokenizer.json at work: added tokens, normalizers, pre-tokenizers, model, what stands around a
// text, and decoders, one after the other. Its ids are those of the library `tokenizers`. It must
// not know how a part works.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/added_tokens.h"
#include "text/subwords/normalizers.h"
#include "text/subwords/post_processors.h"
#include "text/subwords/pre_tokenizers.h"
#include "text/subwords/subword_model.h"
#include "text/subwords/text_decoders.h"
#include "text/subwords/word_cache.h"
#include "text/tokenizer.h"

namespace pipetrain {

struct SubwordParts {
  std::unique_ptr<SubwordModel> model;
  Normalizers normalizers;
  PreTokenizers pre_tokenizers;
  AddedTokens added;
  AroundText around;
  std::optional<TextDecoders> decoders;  // none: tokens with blanks between
  std::string digest;
  std::optional<std::int32_t> beginning, end;  // of a text
};

class SubwordTokenizer final : public Tokenizer {
 public:
  explicit SubwordTokenizer(SubwordParts parts);

  std::string_view kind() const override { return parts_.model->kind(); }
  std::int32_t vocabulary_size() const override { return parts_.added.end(); }
  const std::string& digest() const override { return parts_.digest; }
  std::optional<std::int32_t> end_of_text() const override { return parts_.end; }
  std::optional<std::int32_t> beginning_of_text() const override { return parts_.beginning; }
  std::int32_t start_token() const override {
    return parts_.beginning.value_or(parts_.end.value_or(0));
  }
  using Tokenizer::encode;
  void encode(std::string_view text, SpecialTokens special,
              std::vector<std::int32_t>& ids) const override;
  bool encode_part(const TextPart& part, std::vector<std::int32_t>& ids) const override;
  std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const override;
  std::unique_ptr<TextStream> stream() const override;

  // The text's bytes, which need not be UTF-8: a character may have begun.
  std::string decode_bytes(std::span<const std::int32_t> ids, SpecialTokens special) const {
    return decoded(ids, special, Bytes::kKept);
  }
  bool is_special(std::int32_t id) const {
    const AddedToken* const added = parts_.added.find(id);
    return added != nullptr && added->special;
  }

 private:
  // What a part begins with: the whole text, what stands behind an added token, or neither.
  enum class Start : std::uint8_t { kText, kStretch, kInside };
  struct Stretch {
    std::string_view text;
    std::size_t size;  // of the part; behind it stands what follows
    Start start;
    bool ends() const { return size == text.size(); }
  };

  // All append ids, and say false where the end of the part may be amid a token.
  template <class Encode>
  bool encode_between(const Stretch& part, bool normalized, std::vector<std::int32_t>& ids,
                      Encode encode) const;
  bool encode_stretch(const Stretch& part, WordCache& cache, std::vector<std::int32_t>& ids) const;
  bool encode_words(const Stretch& part, WordCache& cache, std::vector<std::int32_t>& ids) const;
  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const;
  std::unique_ptr<WordCache> take_cache() const;
  std::string decoded(std::span<const std::int32_t> ids, SpecialTokens special, Bytes bytes) const;

  SubwordParts parts_;
  // Caches that no thread is using: each call takes one and brings it back.
  mutable std::mutex idle_mutex_;
  mutable std::vector<std::unique_ptr<WordCache>> idle_;
};

}  // namespace pipetrain
