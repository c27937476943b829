// Where a long text is cut so that its parts are worked on one by one. Whether a tokenizer may do
// so there, it says itself (Tokenizer::encode_part). It must not know tokenizers.
#pragma once

#include <cstddef>
#include <string_view>

namespace pipetrain {

// The last place in [least, most] that most kinds of tokenizers can be cut at: before a blank, if
// it stands between a letter, a digit or the end of a sentence and a letter, all of them of ASCII;
// if there is none, behind a line's end that stands between visible characters. 0: no such place.
// `most` is less than the text's size by 4 or more. The text is UTF-8.
std::size_t likely_cut(std::string_view text, std::size_t least, std::size_t most);

// The last place in [least, most] before a byte of ASCII; `least` if there is none. Nothing that
// stands behind it joins what stands before it to one character.
std::size_t last_before_ascii(std::string_view text, std::size_t least, std::size_t most);

}  // namespace pipetrain
