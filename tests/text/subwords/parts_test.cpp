// A text that is worked on in parts has the ids of the whole, for each kind of tokenizer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "text/characters.h"
#include "text/subwords/golden_files.h"
#include "text/subwords/load_tokenizer.h"
#include "text/text_cut.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

using Ids = std::vector<std::int32_t>;

// Words, numbers and lines, in Latin letters and others, with special tokens between.
std::string prose() {
  std::string text;
  std::uint64_t state = 7;
  const std::vector<std::string> words = {"the",  "Models",       "don't",     "42",
                                          "x=1;", "\u4e00\u4e01", "caf\u00e9", "I'll",
                                          "(see", "end)",         "</s>",      "<s>"};
  while (text.size() < 6000) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    text += words[(state >> 33) % words.size()];
    text += (state >> 40) % 7 == 0 ? (state >> 50) % 3 == 0 ? "\n\n" : "\n" : " ";
  }
  return text;
}

// Those that change a text's ends, or take more than words together.
bool is_never_cut(const std::string& name) {
  constexpr std::string_view kNames[] = {"fused", "mistral", "odd", "unigram", "unigram_bytes"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// The ids of text[0, place) and of the rest; empty if it may not be cut there.
Ids in_two(const Tokenizer& tokenizer, std::string_view text, std::size_t place,
           std::size_t ahead = std::string_view::npos) {
  Ids ids;
  const std::string_view known = ahead > text.size() - place ? text : text.substr(0, place + ahead);
  if (!tokenizer.encode_part({known, place, true}, ids)) return {};
  const std::string_view rest = text.substr(place);
  REQUIRE(tokenizer.encode_part({rest, rest.size(), false}, ids));
  return ids;
}

}  // namespace

TEST_CASE("Wherever a tokenizer says that a text may be cut, the ids stay the same") {
  for (const std::string& name : golden_names()) {
    const auto tokenizer = golden_tokenizer(name);
    for (std::string text : golden_texts()) {
      if (const auto valid = with_replacements(text)) text = *valid;
      const Ids whole = tokenizer->encode(text);
      std::size_t wrong = 0;
      for (std::size_t at = 0; at < text.size();) {
        next_character(text, at);
        if (at == text.size()) break;
        const Ids cut = in_two(*tokenizer, text, at);
        wrong += !cut.empty() && cut != whole ? 1 : 0;
      }
      INFO(name << ": " << text);
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("Prose is cut at likely places by all kinds, whatever comes later") {
  const std::string text = prose();
  for (const std::string& name : golden_names()) {
    INFO(name);
    const auto tokenizer = golden_tokenizer(name);
    const Ids whole = tokenizer->encode(text);
    int places = 0, cuts = 0;
    for (std::size_t most = 100; most + 200 < text.size(); most += 97) {
      const std::size_t place = likely_cut(text, most - 90, most);
      const std::size_t end = last_before_ascii(text, place, place + 150);
      if (place == 0 || end == place) continue;
      ++places;
      const Ids cut = in_two(*tokenizer, text, place, end - place);
      if (cut.empty()) continue;
      CHECK(cut == whole);
      ++cuts;
    }
    CHECK(places > 40);
    CHECK(cuts == (is_never_cut(name) ? 0 : places));
  }
}

TEST_CASE("Parts follow each other to the end of a text") {
  const std::string text = prose();
  for (const std::string& name : golden_names()) {
    if (is_never_cut(name)) continue;
    INFO(name);
    const auto tokenizer = golden_tokenizer(name);
    Ids ids;
    std::string_view rest = text;
    while (rest.size() > 600) {
      const std::size_t place = likely_cut(rest, 100, 400);
      REQUIRE(place > 0);
      REQUIRE(tokenizer->encode_part(
          {rest.substr(0, last_before_ascii(rest, place, 600)), place, rest.size() == text.size()},
          ids));
      rest.remove_prefix(place);
    }
    REQUIRE(tokenizer->encode_part({rest, rest.size(), false}, ids));
    CHECK(ids == tokenizer->encode(text));
  }
}

TEST_CASE("A tokenizer that takes words together across a blank is not cut there") {
  json file = golden_file("gpt2");
  const auto with_pattern = [&](const std::string& pattern) {
    file["pre_tokenizer"] = {{"type", "Split"},
                             {"pattern", {{"Regex", pattern}}},
                             {"behavior", "Isolated"},
                             {"invert", false}};
    return read_tokenizer(file.dump(), {"test"});
  };
  const auto cuts = [](const Tokenizer& tokenizer, const std::string& text, std::size_t place) {
    Ids ids;
    return tokenizer.encode_part({text, place, true}, ids);
  };
  const std::string text = "one two three four. five";
  CHECK(cuts(*with_pattern(" ?\\p{L}+| |\\."), text, 7));
  CHECK(!cuts(*with_pattern("\\p{L}+ \\p{L}+| |\\."), text, 3));
  CHECK(cuts(*with_pattern("\\p{L}+ \\p{L}+| |\\."), text, 7));
  CHECK(cuts(*with_pattern("[\\p{L} ]+five|\\p{L}+| |\\."), text, 7));
  CHECK(!cuts(*with_pattern("[\\p{L} ]+five|\\p{L}+| |\\."), text.substr(0, 18),
              7));  // it may yet come
  CHECK(cuts(*with_pattern("[\\p{L} ]+five|\\p{L}+| |\\."), text, 19));
  CHECK(!cuts(*with_pattern("(?<=one) two|\\p{L}+| |\\."), text, 3));
  CHECK(!cuts(*with_pattern("^one|\\p{L}+| |\\."), text, 7));
}
