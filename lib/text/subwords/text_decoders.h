// From the texts of tokens to the text that they were made of. It must not know ids.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text/subwords/part.h"

namespace pipetrain {

// What becomes of bytes that are not UTF-8, or not yet: U+FFFD, or they stay, for a text that comes
// piece by piece.
enum class Bytes : std::uint8_t { kReplaced, kKept };

class TextDecoder {
 public:
  virtual ~TextDecoder() = default;
  // What is left in the end is joined without anything between.
  virtual void apply(std::vector<std::string>& tokens, Bytes bytes) const = 0;
};

using TextDecoders = std::vector<std::unique_ptr<TextDecoder>>;  // one after the other

// All of them. Error(kConfiguration) if they make a text so long that somebody means harm.
void decode_texts(const TextDecoders& decoders, std::vector<std::string>& tokens, Bytes bytes);

// Of the part "decoder".
TextDecoders read_text_decoders(JsonPart& part);

// The kinds of piece_decoders.cpp and of bytes_decoders.cpp.
TextDecoders read_metaspace_decoder(JsonPart& part), read_word_piece_decoder(JsonPart& part),
    read_bpe_decoder(JsonPart& part), read_fuse(JsonPart& part), read_strip_decoder(JsonPart& part),
    read_replace_decoder(JsonPart& part), read_byte_level_decoder(JsonPart& part),
    read_byte_fallback(JsonPart& part);

}  // namespace pipetrain
