#include "text/unit_tokenizer.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <utility>

#include "base/error.h"
#include "text/digest.h"
#include "text/utf8.h"
#include "text/utf8_stream.h"
#include "text/vocabulary.h"

namespace pipetrain {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
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

class UnitStream final : public TextStream {
 public:
  explicit UnitStream(const UnitTokenizer& tokenizer) : tokenizer_(tokenizer) {}

  std::string follow(std::string_view prompt, std::span<const std::int32_t> /*tokens*/) override {
    return show(prompt);
  }
  std::string add(std::int32_t token) override { return show(tokenizer_.text_of(token, last_)); }
  std::string finish() override { return utf8_.finish(); }

 private:
  std::string show(std::string_view bytes) {
    if (bytes.empty()) return {};
    last_ = bytes.back();
    return utf8_.add(bytes);
  }

  const UnitTokenizer& tokenizer_;
  Utf8Stream utf8_;
  char last_ = '\0';
};

}  // namespace

UnitTokenizer::UnitTokenizer(TokenizerKind kind, std::vector<std::string> units,
                             std::int32_t unknown)
    : kind_(kind), units_(std::move(units)), unknown_(unknown) {
  std::string all(this->kind());
  for (std::size_t i = 0; i < units_.size(); ++i) {
    tokens_.emplace(units_[i], static_cast<std::int32_t>(i));
    all += '\0' + std::to_string(units_[i].size()) + '\0' + units_[i];
  }
  digest_ = digest_of(all + '\0' + std::to_string(unknown));
  const auto newline = tokens_.find("\n");
  if (newline != tokens_.end()) start_ = newline->second;
}

std::string_view UnitTokenizer::kind() const {
  for (const auto& choice : kTokenizers) {
    if (choice.value == kind_) return choice.name;
  }
  return {};
}

std::int32_t UnitTokenizer::token_of(const std::string& unit) const {
  const auto found = tokens_.find(unit);
  if (found != tokens_.end()) return found->second;
  if (kind_ == TokenizerKind::kWords) return unknown_;
  throw Error(ExitCode::kConfiguration, name_of_symbol(unit) + " is none of the " +
                                            std::to_string(units_.size()) +
                                            " characters that the model knows; leave it out");
}

void UnitTokenizer::encode(std::string_view text, SpecialTokens /*special*/,
                           std::vector<std::int32_t>& ids) const {
  if (kind_ == TokenizerKind::kBytes) {
    for (const char byte : text) ids.push_back(static_cast<unsigned char>(byte));
    return;
  }
  const TextUnit unit_kind =
      kind_ == TokenizerKind::kWords ? TextUnit::kWord : TextUnit::kCharacter;
  std::string unit;
  for (std::size_t at = 0; next_unit(unit_kind, bytes_of(text), at, unit);) {
    ids.push_back(token_of(unit));
  }
}

bool UnitTokenizer::encode_part(const TextPart& part, std::vector<std::int32_t>& ids) const {
  const std::string_view text = part.text.substr(0, part.size), rest = part.text.substr(part.size);
  const auto ends_word = [](char c) { return c == ' ' || c == '\n'; };
  if (kind_ == TokenizerKind::kWords && !rest.empty() && !text.empty() && !ends_word(text.back()) &&
      !ends_word(rest.front())) {
    return false;
  }
  encode(text, SpecialTokens::kNone, ids);
  return true;
}

std::string UnitTokenizer::text_of(std::int32_t token, char last) const {
  if (token < 0 || token >= vocabulary_size()) {
    throw Error(ExitCode::kConfiguration, "token " + std::to_string(token) +
                                              " is not in the vocabulary of " +
                                              std::to_string(vocabulary_size()) + " tokens");
  }
  const std::string& unit = units_[static_cast<std::size_t>(token)];
  if (kind_ != TokenizerKind::kWords) return unit;
  const bool begins = last == '\0' || last == '\n' || last == ' ';
  const bool joined = contains("('", last) || contains("\n.,;:!?)'", unit.front());
  return begins || joined ? unit : std::string(" ").append(unit);
}

std::string UnitTokenizer::decode(std::span<const std::int32_t> ids,
                                  SpecialTokens /*special*/) const {
  std::string text;
  for (const std::int32_t id : ids) text += text_of(id, text.empty() ? '\0' : text.back());
  return text;
}

std::unique_ptr<TextStream> UnitTokenizer::stream() const {
  return std::make_unique<UnitStream>(*this);
}

}  // namespace pipetrain
