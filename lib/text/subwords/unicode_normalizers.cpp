// Unicode's normal forms (Unicode Standard Annex 15), letter case and accents.
#include <utf8proc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "text/characters.h"
#include "text/subwords/normalizers.h"

namespace pipetrain {
namespace {

class NormalForm final : public Normalizer {
 public:
  explicit NormalForm(int options) : options_(options) {}

  void apply(std::string& text) const override {
    if (is_ascii(text)) return;  // is in every form
    utf8proc_uint8_t* made = nullptr;
    const utf8proc_ssize_t length =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &made,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | options_));
    if (length < 0) {
      throw Error(
          ExitCode::kConfiguration,
          std::string("a text cannot be brought into a normal form: ") + utf8proc_errmsg(length));
    }
    text.assign(reinterpret_cast<const char*>(made), static_cast<std::size_t>(length));
    std::free(made);
  }

  // Nothing joins what is before a character that is no mark, nor one of those that Hangul is put
  // together of. Those of half width come after all others.
  bool parts(std::string_view /*text*/, std::string_view rest) const override {
    constexpr std::uint32_t kJamo = 0x1100, kBehindJamo = 0x1200, kHalfWidth = 0xFF00;
    std::size_t at = 0;
    const std::uint32_t c = next_character(rest, at);
    return !is_mark(c) && (c < kJamo || c >= kBehindJamo) && c < kHalfWidth;
  }

 private:
  int options_;
};

Normalizers form(int options) {
  Normalizers made;
  made.push_back(std::make_unique<NormalForm>(options));
  return made;
}

class LowerCase final : public Normalizer {
  void apply(std::string& text) const override {
    if (is_ascii(text)) {
      for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      return;
    }
    std::string lower;
    for_each_character(text, [&](std::uint32_t c, std::string_view) { lower += lower_case(c); });
    text = std::move(lower);
  }
};

class StripAccents final : public Normalizer {
  void apply(std::string& text) const override {
    if (is_ascii(text)) return;
    std::string kept;
    for_each_character(text, [&](std::uint32_t c, std::string_view bytes) {
      if (!is_mark(c)) kept += bytes;
    });
    text = std::move(kept);
  }
};

}  // namespace

Normalizers read_nfc(JsonPart& /*part*/) { return form(UTF8PROC_COMPOSE); }
Normalizers read_nfd(JsonPart& /*part*/) { return form(UTF8PROC_DECOMPOSE); }
Normalizers read_nfkc(JsonPart& /*part*/) { return form(UTF8PROC_COMPOSE | UTF8PROC_COMPAT); }
Normalizers read_nfkd(JsonPart& /*part*/) { return form(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT); }

std::unique_ptr<Normalizer> nfd_normalizer() {
  return std::make_unique<NormalForm>(UTF8PROC_DECOMPOSE);
}
std::unique_ptr<Normalizer> lower_case_normalizer() { return std::make_unique<LowerCase>(); }

Normalizers read_lower_case(JsonPart& /*part*/) {
  Normalizers made;
  made.push_back(lower_case_normalizer());
  return made;
}

Normalizers read_strip_accents(JsonPart& /*part*/) {
  Normalizers made;
  made.push_back(std::make_unique<StripAccents>());
  return made;
}

}  // namespace pipetrain
