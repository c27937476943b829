// What is shown while it lives: standard output, and the log that spdlog writes there unless told
// otherwise. It must not know what is looked for.
#pragma once

#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <string>

namespace pipetrain {

class Shown {
 public:
  Shown() : file_(std::tmpfile()), before_(dup(STDOUT_FILENO)) {
    flush();
    dup2(fileno(file_), STDOUT_FILENO);
  }
  ~Shown() {
    flush();
    dup2(before_, STDOUT_FILENO);
    close(before_);
    std::fclose(file_);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;

  std::string text() const {
    flush();
    std::string text;
    std::array<char, 4096> part{};
    for (off_t at = 0;; at = static_cast<off_t>(text.size())) {
      const ssize_t count = pread(fileno(file_), part.data(), part.size(), at);
      if (count <= 0) return text;
      text.append(part.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  static void flush() {
    std::cout.flush();
    std::fflush(stdout);
  }

  std::FILE* file_;
  int before_;
};

}  // namespace pipetrain
