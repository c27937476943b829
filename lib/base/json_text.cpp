#include "base/json_text.h"

#include <cstddef>

namespace pipetrain {

bool is_deep_json(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{')) {
      if (++depth > kMostJsonDepth) return true;
    } else if (!quoted && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

std::string json_fault(std::string_view text, const std::string& otherwise) {
  if (!is_deep_json(text)) return otherwise;
  return "has parts in parts, more than " + std::to_string(kMostJsonDepth) + " deep";
}

}  // namespace pipetrain
