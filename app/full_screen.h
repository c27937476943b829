// A terminal that a command has for itself while it shows something, and gives back as it was. It
// must not know what is shown.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

namespace pipetrain {

class FullScreen {
 public:
  // Standard output is a terminal, and standard input, if it is one, too.
  FullScreen();
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  struct Size {
    int columns = 80, lines = 24;
  };
  static Size size();  // now

  // Lines no wider than the screen, from its top. False if the terminal is gone.
  bool show(const std::vector<std::string>& lines) const;
  // Waits so long for a key; 0: none came.
  char key(double seconds) const;

 private:
  termios before_ = {};
  bool has_keys_ = false;
};

}  // namespace pipetrain
