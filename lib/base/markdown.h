// Pieces of Markdown, for the tables that help prints. It must not know what stands in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/suggest.h"

namespace pipetrain {

inline std::string code(std::string_view text) { return "`" + std::string(text) + "`"; }

// "`a`, `b` or `c`"
inline std::string either(std::vector<std::string> words) {
  for (std::string& word : words) word = code(word);
  const std::string last = words.back();
  words.pop_back();
  return words.empty() ? last : join(words) + " or " + last;
}

// Each row has a cell below each head.
inline std::string markdown_table(const std::vector<std::string>& heads,
                                  const std::vector<std::vector<std::string>>& rows) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += " " + cell + " |";
    return text + "\n";
  };
  std::string text = line(heads) + line(std::vector<std::string>(heads.size(), "---"));
  for (const std::vector<std::string>& row : rows) text += line(row);
  return text;
}

}  // namespace pipetrain
