// A regular expression in Oniguruma's words, as tokenizer.json files have it, in those of PCRE2. It
// must not know how it is matched.
#pragma once

#include <string>
#include <string_view>

namespace pipetrain {

// `refusal` says what is not supported, if anything is.
std::string in_words_of_pcre2(std::string_view expression, std::string& refusal);

}  // namespace pipetrain
