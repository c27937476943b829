#include "full_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>

#include "base/output.h"

namespace pipetrain {
namespace {

// Another page of the screen, without a cursor; and back.
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";

}  // namespace

FullScreen::FullScreen() {
  has_keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
  if (has_keys_) {
    termios keys = before_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;  // a stopped process could not give the screen back
    has_keys_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  write_all(STDOUT_FILENO, kEnter);
}

FullScreen::~FullScreen() {
  write_all(STDOUT_FILENO, kLeave);
  if (has_keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

FullScreen::Size FullScreen::size() {
  winsize found = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) != 0 || found.ws_col == 0) return {};
  return {found.ws_col, found.ws_row};
}

bool FullScreen::show(const std::vector<std::string>& lines) const {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  }
  return write_all(STDOUT_FILENO, text + "\x1b[J");
}

char FullScreen::key(double seconds) const {
  pollfd ready{.fd = has_keys_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0};
  char key = 0;
  if (::poll(&ready, 1, static_cast<int>(1000 * seconds)) <= 0) return 0;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';  // its end
}

}  // namespace pipetrain
