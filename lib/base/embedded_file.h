// A file that lib/embed.py has put into the program, so that none is needed beside it. It must not
// know what the file is for.
#pragma once

#include <string_view>

namespace pipetrain {

struct EmbeddedFile {
  std::string_view name, text;  // "style.css"
};

}  // namespace pipetrain
