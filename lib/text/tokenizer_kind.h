// What one token of a text is, by the names that configurations and a checkpoint's tokenizer.json
// have. It must not know how text is read.
#pragma once

#include <cstdint>

#include "base/table.h"

namespace pipetrain {

enum class TokenizerKind : std::uint8_t { kCharacters, kBytes, kWords };

inline constexpr Choice<TokenizerKind> kTokenizers[] = {
    {TokenizerKind::kCharacters, "char", "Each Unicode character is a token."},
    {TokenizerKind::kBytes, "byte", "Each byte is a token."},
    {TokenizerKind::kWords, "word", "Each word and each other sign is a token."},
};

}  // namespace pipetrain
