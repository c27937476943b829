#include "text/vocabulary.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "text/utf8.h"

namespace pipetrain {
namespace {

bool is_word_byte(unsigned char c) {
  return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(unsigned char c) { return (c <= ' ' && c != '\n') || c == 0x7F; }

char lower(unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

bool is_utf8(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t at = 0; at < bytes.size();) {
    if (next_symbol(bytes, at) >= kFirstByteSymbol) return false;
  }
  return true;
}

}  // namespace

bool next_unit(TextUnit kind, std::span<const std::byte> text, std::size_t& at, std::string& unit) {
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned char>(text[i]); };
  unit.clear();
  if (kind == TextUnit::kCharacter) {
    if (at == text.size()) return false;
    const std::size_t start = at;
    next_symbol(text, at);
    unit.assign(reinterpret_cast<const char*>(text.data()) + start, at - start);
    return true;
  }
  while (at < text.size() && is_space(byte(at))) ++at;
  if (at == text.size()) return false;
  if (!is_word_byte(byte(at))) {
    unit = static_cast<char>(byte(at++));
    return true;
  }
  while (at < text.size() && is_word_byte(byte(at))) unit += lower(byte(at++));
  return true;
}

Vocabulary::Vocabulary(std::vector<std::string> reserved)
    : units_(std::move(reserved)), unknown_(static_cast<std::int32_t>(units_.size()) - 1) {}

void Vocabulary::settle(int limit) {
  std::vector<std::pair<std::string, std::int64_t>> found(counts_.begin(), counts_.end());
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (auto& [unit, count] : found) {
    if (limit > 0 && size() >= limit) break;
    tokens_[unit] = size();
    units_.push_back(std::move(unit));
  }
  counts_.clear();
}

std::int32_t Vocabulary::token_of(const std::string& unit) const {
  const auto found = tokens_.find(unit);
  return found == tokens_.end() ? unknown_ : found->second;
}

nlohmann::json Vocabulary::entries() const {
  nlohmann::json entries = nlohmann::json::array();
  for (const std::string& unit : units_) {
    if (is_utf8(unit)) {
      entries.push_back(unit);
    } else {
      nlohmann::json bytes = nlohmann::json::array();
      for (const char c : unit) bytes.push_back(static_cast<unsigned char>(c));
      entries.push_back(std::move(bytes));
    }
  }
  return entries;
}

}  // namespace pipetrain
