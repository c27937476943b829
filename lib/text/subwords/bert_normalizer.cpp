// The normalizer of BERT and its like: control characters, Chinese characters, accents and case.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "text/characters.h"
#include "text/subwords/normalizers.h"

namespace pipetrain {
namespace {

// The blocks that BERT takes for Chinese.
bool is_chinese(std::uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

class CleanText final : public Normalizer {
  void apply(std::string& text) const override {
    std::string clean;
    for_each_character(text, [&](std::uint32_t c, std::string_view bytes) {
      const bool line = c == '\t' || c == '\n' || c == '\r';
      if (c == 0 || c == 0xFFFD || (!line && is_control(c))) return;
      clean += is_white_space(c) ? " " : bytes;
    });
    text = std::move(clean);
  }
};

class ChineseApart final : public Normalizer {
  void apply(std::string& text) const override {
    if (is_ascii(text)) return;
    std::string apart;
    for_each_character(text, [&](std::uint32_t c, std::string_view bytes) {
      if (!is_chinese(c)) {
        apart += bytes;
      } else {
        apart.append(" ").append(bytes).append(" ");
      }
    });
    text = std::move(apart);
  }
};

class WithoutMarks final : public Normalizer {
  void apply(std::string& text) const override {
    if (is_ascii(text)) return;
    std::string kept;
    for_each_character(text, [&](std::uint32_t c, std::string_view bytes) {
      if (!is_nonspacing_mark(c)) kept += bytes;
    });
    text = std::move(kept);
  }
};

}  // namespace

Normalizers read_bert_normalizer(JsonPart& part) {
  const bool clean = part.flag_or("clean_text", true);
  const bool chinese = part.flag_or("handle_chinese_chars", true);
  const bool lower = part.flag_or("lowercase", true);
  const bool accents = part.flag_or("strip_accents", lower);
  Normalizers made;
  if (clean) made.push_back(std::make_unique<CleanText>());
  if (chinese) made.push_back(std::make_unique<ChineseApart>());
  if (accents) {
    made.push_back(nfd_normalizer());
    made.push_back(std::make_unique<WithoutMarks>());
  }
  if (lower) made.push_back(lower_case_normalizer());
  return made;
}

}  // namespace pipetrain
