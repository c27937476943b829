#include "text/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <span>

#include "base/error.h"
#include "base/number.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

namespace pipetrain {
namespace {

using nlohmann::json;

constexpr const char* kReplacement = "\xEF\xBF\xBD";  // U+FFFD

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// A unit of a vocabulary: text, a byte, or several.
bool read_unit(const json& entry, std::string& unit) {
  unit.clear();
  if (entry.is_string()) {
    unit = entry.get<std::string>();
    return true;
  }
  const json bytes = entry.is_array() ? entry : json::array({entry});
  for (const json& byte : bytes) {
    if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) return false;
    unit += static_cast<char>(byte.get<unsigned char>());
  }
  return true;
}

// "'é' (U+00E9)", "byte 0xFF"
std::string name_of_symbol(const std::string& unit) {
  std::size_t at = 0;
  const std::uint32_t symbol = next_symbol(bytes_of(unit), at);
  std::array<char, 32> code{};
  const bool byte = symbol >= kFirstByteSymbol;
  std::snprintf(code.data(), code.size(), byte ? "byte 0x%02X" : "U+%04X",
                byte ? symbol - kFirstByteSymbol : symbol);
  if (byte || symbol < ' ' || symbol == 0x7F) return code.data();
  return "'" + unit + "' (" + code.data() + ")";
}

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

}  // namespace

Tokenizer::Tokenizer(std::string_view text, const std::string& file) {
  const auto refuse = [&](const std::string& what) {
    throw Error(ExitCode::kCheckpoint, "checkpoint: " + file + ": " + what);
  };
  const json tokenizer = json::parse(text, nullptr, false);
  if (!tokenizer.is_object() || !tokenizer.contains("type") || !tokenizer["type"].is_string()) {
    refuse("is not the description of a tokenizer");
  }
  const std::string type = tokenizer["type"];
  if (const auto* known = find_row(kTokenizers, type)) kind_ = known->value;
  if (kind_ == TokenizerKind::kBytes) {
    for (int byte = 0; byte < 256; ++byte) units_.emplace_back(1, static_cast<char>(byte));
  } else if (kind_) {
    const json vocabulary = tokenizer.value("vocabulary", json());
    if (!vocabulary.is_array() || vocabulary.empty()) refuse("has no vocabulary");
    for (const json& entry : vocabulary) {
      if (!read_unit(entry, units_.emplace_back()))
        refuse("its vocabulary has an entry of no text");
    }
    const json unknown = tokenizer.value("unknown", json(0U));
    if (!unknown.is_number_unsigned() || unknown.get<std::uint64_t>() >= units_.size()) {
      refuse("its unknown token is not in the vocabulary");
    }
    unknown_ = unknown.get<std::int32_t>();
  } else {
    // What their documents begin with: <|endoftext|>, <|begin_of_text|>.
    start_ = type == "gpt2" ? 50256 : type == "llama3" ? 128000 : 0;
  }
  for (std::size_t i = 0; i < units_.size(); ++i) {
    tokens_.emplace(units_[i], static_cast<std::int32_t>(i));
  }
  const auto newline = tokens_.find("\n");
  if (newline != tokens_.end()) start_ = newline->second;
}

std::int32_t Tokenizer::token_of(const std::string& unit) const {
  const auto found = tokens_.find(unit);
  if (found != tokens_.end()) return found->second;
  if (kind_ == TokenizerKind::kWords) return unknown_;
  throw Error(ExitCode::kConfiguration, "--prompt: " + name_of_symbol(unit) + " is none of the " +
                                            std::to_string(units_.size()) +
                                            " characters that the model knows; leave it out");
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, std::int64_t vocabulary) const {
  if (!kind_) return encode_numbers(text, vocabulary);
  std::vector<std::int32_t> tokens;
  if (kind_ == TokenizerKind::kBytes) {
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
    return tokens;
  }
  const TextUnit unit_kind =
      kind_ == TokenizerKind::kWords ? TextUnit::kWord : TextUnit::kCharacter;
  std::string unit;
  for (std::size_t at = 0; next_unit(unit_kind, bytes_of(text), at, unit);) {
    tokens.push_back(token_of(unit));
  }
  return tokens;
}

std::vector<std::int32_t> Tokenizer::encode_numbers(std::string_view text,
                                                    std::int64_t vocabulary) const {
  std::vector<std::int32_t> tokens;
  const std::string_view spaces = " \t\n,";
  for (std::size_t at = text.find_first_not_of(spaces); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
    const auto token = parse_number<std::int32_t>(text.substr(at, end - at)).value_or(-1);
    if (token < 0 || token >= vocabulary) {
      throw Error(ExitCode::kConfiguration,
                  "--prompt: found '" + Utf8Stream().add(text.substr(at, end - at)) +
                      "'; the model's tokens have no text here, expected numbers from 0 to " +
                      std::to_string(vocabulary - 1));
    }
    tokens.push_back(token);
    at = text.find_first_not_of(spaces, end);
  }
  return tokens;
}

std::string Tokenizer::text_of(std::int32_t token, char last) const {
  const bool numbers = !kind_;
  std::string unit = numbers ? std::to_string(token) : units_[static_cast<std::size_t>(token)];
  if (kind_ == TokenizerKind::kCharacters || kind_ == TokenizerKind::kBytes) return unit;
  const bool begins = last == '\0' || last == '\n' || last == ' ';
  const bool joined = !numbers && (contains("('", last) || contains("\n.,;:!?)'", unit.front()));
  return begins || joined ? unit : std::string(" ").append(unit);
}

bool Utf8Stream::may_go_on(std::size_t at) const {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(held_[i]); };
  const std::size_t length = byte(at) >= 0xF0 ? 4 : byte(at) >= 0xE0 ? 3 : 2;
  if (byte(at) < 0xC2 || byte(at) > 0xF4 || held_.size() - at >= length) return false;
  for (std::size_t i = at + 1; i < held_.size(); ++i) {
    if ((byte(i) & 0xC0) != 0x80) return false;
  }
  return true;
}

std::string Utf8Stream::add(std::string_view bytes) {
  held_ += bytes;
  std::string shown;
  std::size_t at = 0;
  while (at < held_.size() && !may_go_on(at)) {
    const std::size_t start = at;
    const bool byte = next_symbol(bytes_of(held_), at) >= kFirstByteSymbol;
    shown += byte ? kReplacement : held_.substr(start, at - start);
  }
  held_.erase(0, at);
  return shown;
}

std::string Utf8Stream::finish() {
  const std::string shown = held_.empty() ? "" : kReplacement;
  held_.clear();
  return shown;
}

}  // namespace pipetrain
