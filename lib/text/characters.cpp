#include "text/characters.h"

#include <utf8proc.h>

#include <cstring>
#include <span>

#include "text/utf8.h"
#include "text/utf8_stream.h"

namespace pipetrain {
namespace {

utf8proc_category_t category_of(std::uint32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

bool is_ascii(std::string_view text) {
  std::size_t at = 0;
  for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if ((bytes & 0x8080808080808080u) != 0) return false;
  }
  for (; at < text.size(); ++at) {
    if (static_cast<unsigned char>(text[at]) >= 0x80) return false;
  }
  return true;
}

std::optional<std::string> with_replacements(std::string_view text) {
  if (is_ascii(text)) return std::nullopt;
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  std::optional<std::string> replaced;
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (next_symbol(bytes, at) < kFirstByteSymbol) continue;
    if (!replaced) replaced.emplace();
    replaced->append(text.substr(copied, start - copied)).append(kReplacement);
    at = copied = start + broken_part(text, start);
  }
  if (replaced) replaced->append(text.substr(copied));
  return replaced;
}

bool is_punctuation(std::uint32_t c) {
  if (c < 0x80)
    return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z');
  const auto category = category_of(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool is_number(std::uint32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  const auto category = category_of(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool is_mark(std::uint32_t c) {
  if (c < 0x80) return false;
  const auto category = category_of(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(std::uint32_t c) {
  return c >= 0x80 && category_of(c) == UTF8PROC_CATEGORY_MN;
}

bool is_control(std::uint32_t c) {
  if (c < 0x80) return c < ' ' || c == 0x7F;
  const auto category = category_of(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO;
}

std::string lower_case(std::uint32_t c) {
  if (c == 0x130) return "i\xCC\x87";  // the one character that becomes two: I with a dot above
  return encode_utf8(
      static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

}  // namespace pipetrain
