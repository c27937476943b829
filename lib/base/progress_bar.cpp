#include "base/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <string_view>

#include "base/output.h"

namespace pipetrain {
namespace {

constexpr std::chrono::milliseconds kInterval{100};

struct Process {
  std::string folder;  // of /proc
  std::string name;
  std::string parent;  // its number
};

// With an empty name if there is no such process.
Process process_of(const std::string& number) {
  Process process{.folder = "/proc/" + number};
  std::getline(std::ifstream(process.folder + "/comm"), process.name);
  std::ifstream status(process.folder + "/status");
  for (std::string line; process.parent.empty() && std::getline(status, line);) {
    if (line.starts_with("PPid:\t")) process.parent = line.substr(6);
  }
  return process;
}

// mpirun gives its ranks a pipe for standard error and copies it to its own: what counts is that
// one. Its name may have an ending (mpirun.openmpi), and MPICH's has a helper below it.
bool launcher_has_terminal() {
  Process launcher = process_of(std::to_string(getppid()));
  if (launcher.name.starts_with("hydra_pmi_proxy")) launcher = process_of(launcher.parent);
  bool known = false;
  for (const std::string_view name : {"mpirun", "mpiexec", "orterun", "prterun"}) {
    known |= launcher.name == name || launcher.name.starts_with(std::string(name) + ".");
  }
  if (!known) return false;
  char target[64];
  const ssize_t length = readlink((launcher.folder + "/fd/2").c_str(), target, sizeof target);
  return length > 0 &&
         std::string_view(target, static_cast<std::size_t>(length)).starts_with("/dev/pts/");
}

}  // namespace

ProgressBar::ProgressBar(bool wanted)
    : visible_(wanted && (isatty(STDERR_FILENO) != 0 || launcher_has_terminal())) {}

void ProgressBar::draw(std::int64_t done, std::int64_t all,
                       const std::function<std::string()>& text) {
  if (!visible_) return;
  const auto now = std::chrono::steady_clock::now();
  if (done < all && now - drawn_ < kInterval) return;
  drawn_ = now;
  constexpr std::int64_t kWidth = 24;
  const double part = all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 1;
  const auto filled = std::clamp(static_cast<std::int64_t>(kWidth * part), std::int64_t{0}, kWidth);
  const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                          std::string(static_cast<std::size_t>(kWidth - filled), '.');
  // Back at the line's start, where another rank's error or mpirun's own may be printed next.
  write_all(STDERR_FILENO, "\r\033[K" + bar + " " + text() + "\r");
}

void ProgressBar::clear() {
  if (visible_) write_all(STDERR_FILENO, "\r\033[K");
}

}  // namespace pipetrain
