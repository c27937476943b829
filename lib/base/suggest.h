// The nearest of a list of known words, for error messages about unknown ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// The known word of the smallest edit distance (Levenshtein) to `word`; empty if `known` is.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");
// "a, b and c"
std::string listed(std::vector<std::string> words);

}  // namespace pipetrain
