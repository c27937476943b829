#include "base/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>

#include "base/error.h"
#include "base/uninterrupted.h"

namespace pipetrain {
namespace {

// What removes the rest of a file keeps the reason of the failure before.
void remove_keeping_reason(const std::string& path) {
  const int reason = errno;
  std::remove(path.c_str());
  errno = reason;
}

[[noreturn]] void fail() {
  throw Error(ExitCode::kConfiguration,
              "cannot write " + system_reason("standard output") +
                  "; what was to be shown is lost: free some space, or send it elsewhere");
}

// After a write that failed: a pipe that is closed at its other end, or a terminal that is gone.
bool reader_is_gone() {
  if (errno == EPIPE) return true;
  struct stat info = {};
  return errno == EIO && ::fstat(STDOUT_FILENO, &info) == 0 && S_ISCHR(info.st_mode);
}

}  // namespace

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a pipe that someone else made non-blocking
      pollfd ready{.fd = file, .events = POLLOUT, .revents = 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_whole(const std::string& path, std::string_view text) {
  const int file = uninterrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); });
  if (file < 0) return false;
  const bool written = write_all(file, text);
  const int reason = errno;
  const bool closed = ::close(file) == 0 || errno == EINTR;
  if (written && closed) return true;
  if (!written) errno = reason;
  remove_keeping_reason(path);
  return false;
}

bool write_renamed(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  if (!write_whole(part, text)) return false;
  if (uninterrupted([&] { return std::rename(part.c_str(), path.c_str()); }) == 0) return true;
  remove_keeping_reason(part);
  return false;
}

void write_output(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) fail();
}

bool offer_output(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return true;
  if (!reader_is_gone()) fail();
  return false;
}

void ignore_closed_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void take_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    // The lowest free number is this one. Standard output still refuses what is written to it, as a
    // closed one does: who asks for a result has to hear that it is lost. A log may be unwanted.
    const int flags = stream == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    [[maybe_unused]] const int taken = ::open("/dev/null", flags);
  }
}

}  // namespace pipetrain
