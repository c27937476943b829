// Spaces as a visible character, as SentencePiece writes them (Kudo and Richardson,
// "SentencePiece", 2018, section 3.2). It must not know tokens.
#pragma once

#include <cstdint>
#include <string>

#include "text/subwords/part.h"

namespace pipetrain {

inline constexpr const char* kVisibleSpace = "\xE2\x96\x81";  // U+2581

// Which pieces of a text get a space before them.
enum class SpaceBefore : std::uint8_t { kAll, kFirst, kNone };

struct MetaspaceOptions {
  std::string replacement;
  SpaceBefore before = SpaceBefore::kAll;
  bool split = true;
};

// Of a pre-tokenizer or a decoder, in the words of older and of newer files.
MetaspaceOptions read_metaspace_options(JsonPart& part);

}  // namespace pipetrain
