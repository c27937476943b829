// Text to ids and back: what all kinds of tokenizers have in common. It must not know models, where
// the text comes from or how a kind works; text/subwords/load_tokenizer.h makes them from files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// Tokens as text while they come, one after the other: only whole characters, and valid UTF-8.
class TextStream {
 public:
  virtual ~TextStream() = default;
  // What the text begins with, and its tokens. Returns what can be shown of it; once, at the start.
  virtual std::string follow(std::string_view prompt, std::span<const std::int32_t> tokens) = 0;
  virtual std::string add(std::int32_t token) = 0;  // what can be shown now
  virtual std::string finish() = 0;                 // and at the end
};

// Whether what a tokenizer puts around a text ("<s> ... </s>") is there. What stands in a text
// itself and is spelled like a special token always is that token.
enum class SpecialTokens : std::uint8_t { kNone, kAround };

// A part of a text that is too long to be worked on at once, cut where likely_cut (text/text_cut.h)
// says. The parts' ids, one behind the other, are those of the whole text.
struct TextPart {
  std::string_view text;  // the part, and what follows it as far as it is known; valid UTF-8
  std::size_t size = 0;   // bytes of the part; all of `text` if the whole text ends with it
  bool begins = true;     // the whole text begins with it; else it goes on from a part before
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // "char", "byte", "word", "numbers", "BPE", "Unigram", "WordPiece".
  virtual std::string_view kind() const = 0;
  // Ids are below it. 0: as many as the model has ("numbers").
  virtual std::int32_t vocabulary_size() const = 0;
  // 16 hexadecimal digits that follow from all that ids depend on, not from how the file is laid
  // out: tokenizers of the same digest give the same ids.
  virtual const std::string& digest() const = 0;
  // What stands behind a document, and before it, if the tokenizer says.
  virtual std::optional<std::int32_t> end_of_text() const { return std::nullopt; }
  virtual std::optional<std::int32_t> beginning_of_text() const { return std::nullopt; }
  // What an empty text begins after.
  virtual std::int32_t start_token() const = 0;

  // Appends the ids of a text. Threads may call it at once. Error(kConfiguration) for what the
  // tokenizer does not know, such as a character that is none of its own. Bytes that are not UTF-8
  // become U+FFFD where the kind knows characters only (BPE, Unigram, WordPiece).
  virtual void encode(std::string_view text, SpecialTokens special,
                      std::vector<std::int32_t>& ids) const = 0;
  std::vector<std::int32_t> encode(std::string_view text,
                                   SpecialTokens special = SpecialTokens::kNone) const {
    std::vector<std::int32_t> ids;
    encode(text, special, ids);
    return ids;
  }
  // Appends the ids of a part, and says so; or says false and appends nothing, where it is not
  // certain that no token goes across the part's end whatever follows. Each part begins where one
  // before ended with success.
  virtual bool encode_part(const TextPart& part, std::vector<std::int32_t>& ids) const {
    if (!part.begins || part.size < part.text.size()) return false;
    encode(part.text, SpecialTokens::kNone, ids);
    return true;
  }
  // Special tokens are left out unless they are asked for. Error(kConfiguration) for an id that is
  // not in the vocabulary.
  virtual std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const = 0;
  virtual std::unique_ptr<TextStream> stream() const = 0;
};

}  // namespace pipetrain
