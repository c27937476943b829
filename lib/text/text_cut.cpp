#include "text/text_cut.h"

#include <cassert>
#include <cstdint>

#include "text/characters.h"

namespace pipetrain {
namespace {

bool is_ascii_byte(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_visible(char c) { return c > ' ' && c < 0x7F; }
bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

// A token that somebody added ends with another sign: "</s>", "[SEP]", "<|end|>".
bool ends_word(char c) {
  constexpr std::string_view kSigns = ".,;:!?";
  return is_letter(c) || (c >= '0' && c <= '9') || kSigns.find(c) != std::string_view::npos;
}

bool is_at_blank(std::string_view text, std::size_t at) {
  return text[at] == ' ' && ends_word(text[at - 1]) && is_letter(text[at + 1]);
}

bool is_behind_line(std::string_view text, std::size_t at) {
  if (text[at - 1] != '\n' || at < 2) return false;
  const char before = text[at - 2];
  if (is_ascii_byte(before) && !is_visible(before)) return false;
  if (is_ascii_byte(text[at])) return is_visible(text[at]);
  std::size_t end = at;
  const std::uint32_t c = next_character(text, end);
  return !is_white_space(c) && !is_mark(c) && !is_control(c);
}

}  // namespace

std::size_t likely_cut(std::string_view text, std::size_t least, std::size_t most) {
  assert(least > 0 && most + 4 <= text.size());
  for (std::size_t at = most; at >= least; --at) {
    if (is_at_blank(text, at)) return at;
  }
  for (std::size_t at = most; at >= least; --at) {
    if (is_behind_line(text, at)) return at;
  }
  return 0;
}

std::size_t last_before_ascii(std::string_view text, std::size_t least, std::size_t most) {
  for (std::size_t at = most; at > least; --at) {
    if (is_ascii_byte(text[at])) return at;
  }
  return least;
}

}  // namespace pipetrain
