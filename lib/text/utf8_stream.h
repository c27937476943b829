// A stream of bytes as valid UTF-8: a character is held back until it is complete, and bytes that
// are none become U+FFFD, as in a text that is there as a whole. It must not know tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipetrain {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

class Utf8Stream {
 public:
  std::string add(std::string_view bytes);  // what can be shown now
  std::string finish();                     // and at the end

 private:
  bool may_go_on(std::size_t at) const;  // the held bytes from `at` on are the start of a character

  std::string held_;
};

}  // namespace pipetrain
