#include "base/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/output.h"
#include "base/uninterrupted.h"

namespace pipetrain {

AppendFile::AppendFile(std::string path, std::string run_setting)
    : path_(std::move(path)), run_setting_(std::move(run_setting)) {
  reopen();
}

AppendFile::~AppendFile() {
  if (file_ >= 0) ::close(file_);
}

void AppendFile::fail(bool elsewhere) const {
  throw Error(ExitCode::kConfiguration, "cannot write " + system_reason(path_) + "; " +
                                            (elsewhere ? "choose another " + run_setting_
                                                       : "free some space and start again"));
}

void AppendFile::reopen() {
  if (file_ >= 0) ::close(file_);
  file_ = uninterrupted(
      [&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
  if (file_ < 0) fail(/*elsewhere=*/true);
}

void AppendFile::append(std::string_view text) {
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (write_all(file_, text)) return;
  const int reason = errno;
  // Half a piece spoils the next.
  [[maybe_unused]] const int cut = uninterrupted([&] { return ::ftruncate(file_, before); });
  errno = reason;
  fail(/*elsewhere=*/false);
}

void AppendFile::replace(std::string_view text) {
  if (!write_renamed(path_, text)) fail(errno == EACCES || errno == EROFS);
  reopen();
}

void AppendFile::sync() {
  // Some network file systems, and what is not a disk, say EINVAL.
  if (uninterrupted([&] { return ::fsync(file_); }) != 0 && errno != EINVAL)
    fail(/*elsewhere=*/false);
}

}  // namespace pipetrain
