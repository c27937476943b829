#include "train/progress.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/output.h"

namespace pipetrain {
namespace {

constexpr std::chrono::milliseconds kInterval{100};

// mpirun gives its ranks a pipe for standard error and copies it to its own: what counts is that
// one.
bool launcher_has_terminal() {
  const std::string parent = "/proc/" + std::to_string(getppid());
  std::string name;
  std::getline(std::ifstream(parent + "/comm"), name);
  bool launcher = false;
  for (const std::string_view known : {"mpirun", "mpiexec", "orterun", "prterun"}) {
    launcher |= name == known;
  }
  if (!launcher) return false;
  char target[64];
  const ssize_t length = readlink((parent + "/fd/2").c_str(), target, sizeof target);
  return length > 0 &&
         std::string_view(target, static_cast<std::size_t>(length)).starts_with("/dev/pts/");
}

}  // namespace

Progress::Progress(bool wanted, std::int64_t total_steps, std::string rate_unit)
    : visible_(wanted && (isatty(STDERR_FILENO) != 0 || launcher_has_terminal())),
      total_(total_steps),
      unit_(std::move(rate_unit)) {}

void Progress::draw(std::int64_t step, double loss, double rate, double seconds_left) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (step < total_ && now - drawn_ < kInterval) return;
  drawn_ = now;
  constexpr std::int64_t kWidth = 24;
  const auto filled = static_cast<std::size_t>(kWidth * step / total_);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  // Back at the line's start, where another rank's error or mpirun's own may be printed next.
  write_all(STDERR_FILENO, fmt::format("\r\033[K{} {}/{}  loss {:.4f}  {:.0f} {}/s  {} left\r", bar,
                                       step, total_, loss, rate, unit_, clock_text(seconds_left)));
}

void Progress::clear() {
  if (!visible_) return;
  write_all(STDERR_FILENO, "\r\033[K");
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<long long>(seconds + 0.5);
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace pipetrain
