// Files as pieces of some megabytes, cut where no word goes on: after a line's end that stands
// alone between visible characters. It must not know words.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

namespace pipetrain {

class TextPieces {
 public:
  explicit TextPieces(std::vector<std::string> files,
                      std::size_t piece_bytes = std::size_t{8} << 20);

  // False if there is no more. Error(kData) for a file that cannot be read.
  bool next(std::string& piece);

 private:
  bool open_next();

  std::vector<std::string> files_;
  std::size_t piece_bytes_;
  std::size_t opened_ = 0;  // files
  std::ifstream file_;
  std::string held_;  // what was read and not given
};

}  // namespace pipetrain
