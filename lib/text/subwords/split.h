// Cutting a text where a pattern or a class of characters is found, and what becomes of what was
// found. It must not know tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "text/subwords/part.h"
#include "text/subwords/pattern.h"
#include "text/subwords/pre_tokenizers.h"

namespace pipetrain {

// What becomes of the text that was found.
enum class Delimiter : std::uint8_t {
  kRemoved,     // "a-b" -> "a", "b"
  kIsolated,    // "a--b" -> "a", "-", "-", "b"
  kBefore,      // MergedWithPrevious: "a-b" -> "a-", "b"
  kAfter,       // MergedWithNext: "a-b" -> "a", "-b"
  kContiguous,  // "a--b" -> "a", "--", "b"
};

// The "behavior" of a part.
Delimiter read_delimiter(JsonPart& part, const std::string& otherwise = "");

// With `invert`, what lies between the matches is what is found.
std::unique_ptr<PreTokenizer> split_at(Pattern pattern, Delimiter delimiter, bool invert);
// At each character of a class.
std::unique_ptr<PreTokenizer> split_at(bool (*in_class)(std::uint32_t), Delimiter delimiter);

}  // namespace pipetrain
