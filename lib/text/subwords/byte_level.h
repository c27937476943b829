// Bytes as characters that can be seen, as GPT-2 writes them (Radford et al., "Language models are
// unsupervised multitask learners", 2019, section 2.2): what is visible in Latin-1 stands for
// itself, the others for the characters from U+0100 on. It must not know tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipetrain {

// GPT-2's words, in the words of PCRE2.
std::string gpt2_expression();

std::string_view character_of_byte(std::uint8_t byte);
std::string bytes_as_characters(std::string_view bytes);
// Nothing if one of the characters stands for no byte.
std::optional<std::string> bytes_of_characters(std::string_view characters);

}  // namespace pipetrain
