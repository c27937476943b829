#include "text/subwords/byte_level.h"

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "text/characters.h"
#include "text/subwords/pattern.h"
#include "text/subwords/pre_tokenizers.h"
#include "text/subwords/split.h"
#include "text/utf8.h"

namespace pipetrain {
namespace {

constexpr std::uint32_t kAbove = 0x100, kHidden = 68;  // bytes that are not visible

constexpr bool is_visible(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Characters {
  std::array<std::array<char, 2>, 256> bytes{};  // UTF-8
  std::array<std::uint8_t, 256> lengths{};
  std::array<std::uint8_t, kAbove + kHidden> byte_of{};  // by character
  std::array<bool, kAbove + kHidden> stands{};
};

constexpr Characters make_characters() {
  Characters made;
  std::uint32_t above = kAbove;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::uint32_t c = is_visible(byte) ? byte : above++;
    made.lengths[byte] = c < 0x80 ? 1 : 2;
    made.bytes[byte] = c < 0x80 ? std::array<char, 2>{static_cast<char>(c), '\0'}
                                : std::array<char, 2>{static_cast<char>(0xC0 | c >> 6),
                                                      static_cast<char>(0x80 | (c & 0x3F))};
    made.byte_of[c] = static_cast<std::uint8_t>(byte);
    made.stands[c] = true;
  }
  return made;
}

constexpr Characters kCharacters = make_characters();

class PrefixSpace final : public PreTokenizer {
  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& room) const override {
    if (piece.text.starts_with(' ')) {
      pieces.push_back(piece);
    } else {
      pieces.push_back({room.emplace_back(" " + std::string(piece.text)), piece.at_start});
    }
  }
  bool rewrites() const override { return true; }
};

}  // namespace

std::string gpt2_expression() {
  const std::string spaces(kSpaceSet);
  return "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" + spaces + "\\p{L}\\p{N}]+|[" + spaces +
         "]+(?![^" + spaces + "])|[" + spaces + "]+";
}

std::string_view character_of_byte(std::uint8_t byte) {
  return {kCharacters.bytes[byte].data(), kCharacters.lengths[byte]};
}

std::string bytes_as_characters(std::string_view bytes) {
  std::string characters;
  characters.reserve(2 * bytes.size());
  for (const char c : bytes) characters += character_of_byte(static_cast<std::uint8_t>(c));
  return characters;
}

std::optional<std::string> bytes_of_characters(std::string_view characters) {
  std::string bytes;
  for (std::size_t at = 0; at < characters.size();) {
    const std::uint32_t c = next_character(characters, at);
    if (c >= kCharacters.stands.size() || !kCharacters.stands[c]) return std::nullopt;
    bytes += static_cast<char>(kCharacters.byte_of[c]);
  }
  return bytes;
}

PreTokenizers read_byte_level(JsonPart& part) {
  const bool space = part.flag_or("add_prefix_space", true);
  const bool words = part.flag_or("use_regex", true);
  part.ignore("trim_offsets");
  PreTokenizers made;
  if (space) made.add(std::make_unique<PrefixSpace>());
  if (words) made.add(split_at(Pattern(gpt2_expression()), Delimiter::kIsolated, /*invert=*/false));
  made.bytes_as_characters = true;
  return made;
}

}  // namespace pipetrain
