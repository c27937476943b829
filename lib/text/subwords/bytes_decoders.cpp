// Decoders of tokens that stand for bytes.
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/characters.h"
#include "text/subwords/byte_level.h"
#include "text/subwords/text_decoders.h"
#include "text/utf8_stream.h"

namespace pipetrain {
namespace {

std::string valid(std::string bytes) {
  std::optional<std::string> replaced = with_replacements(bytes);
  return replaced ? std::move(*replaced) : std::move(bytes);
}

class ByteLevelDecoder final : public TextDecoder {
  void apply(std::vector<std::string>& tokens, Bytes bytes) const override {
    std::string text;
    for (const std::string& token : tokens) text += bytes_of_characters(token).value_or(token);
    tokens = {bytes == Bytes::kKept ? std::move(text) : valid(std::move(text))};
  }
};

// The byte of "<0x0A>".
std::optional<char> byte_of(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  unsigned byte = 0;
  for (const char c : token.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9'                 ? c - '0'
                      : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                           : -1;
    if (digit < 0) return std::nullopt;
    byte = byte << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<char>(byte);
}

// Bytes in a row are characters if all of them are valid, else U+FFFD each.
class ByteFallback final : public TextDecoder {
  void apply(std::vector<std::string>& tokens, Bytes bytes) const override {
    std::vector<std::string> made;
    std::string run;
    const auto settle = [&] {
      if (run.empty()) return;
      if (bytes == Bytes::kReplaced && with_replacements(run)) {
        for (std::size_t i = 0; i < run.size(); ++i) made.emplace_back(kReplacement);
      } else {
        made.push_back(run);
      }
      run.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        run += *byte;
        continue;
      }
      settle();
      made.push_back(std::move(token));
    }
    settle();
    tokens = std::move(made);
  }
};

template <class Decoder>
TextDecoders one() {
  TextDecoders all;
  all.push_back(std::make_unique<Decoder>());
  return all;
}

}  // namespace

TextDecoders read_byte_level_decoder(JsonPart& part) {
  for (const char* key : {"add_prefix_space", "trim_offsets", "use_regex"}) part.ignore(key);
  return one<ByteLevelDecoder>();
}
TextDecoders read_byte_fallback(JsonPart& /*part*/) { return one<ByteFallback>(); }

}  // namespace pipetrain
