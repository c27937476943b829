#include "data/data_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "base/lfs_pointer.h"

namespace pipetrain {
namespace {

constexpr std::size_t kEndBytes = 4096;

// A data set may have more files than a process may open at first; up to the hard limit that is
// its own choice.
bool allow_more_files() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

// Not blocking, so that opening a pipe by mistake returns.
Descriptor open_to_read(const std::string& path) {
  Descriptor file = open_file(path, O_RDONLY | O_NONBLOCK);
  const bool again = file.number() < 0 && errno == EMFILE && allow_more_files();
  return again ? open_file(path, O_RDONLY | O_NONBLOCK) : std::move(file);
}

}  // namespace

void fail_data(const std::string& what) { throw Error(ExitCode::kData, "data: " + what); }

void fail_data(const DataFile& file, const std::string& what) {
  fail_data(file.path() + ": " + what);
}

DataFile::DataFile(const std::string& path) : path_(path), file_(open_to_read(path)) {
  const bool too_many = file_.number() < 0 && errno == EMFILE;
  struct stat info = {};
  if (file_.number() < 0 || ::fstat(file_.number(), &info) != 0) {
    fail_data(system_reason(path) +
              (too_many ? "; allow more with ulimit -n, or join files into larger ones" : ""));
  }
  if (S_ISDIR(info.st_mode))
    fail_data(path + ": is a directory, expected a file (or a glob: " + path + "/*)");
  if (!S_ISREG(info.st_mode)) fail_data(path + ": is not a regular file");
  if (info.st_size == 0) fail_data(path + ": is empty");
  size_ = static_cast<std::size_t>(info.st_size);
  written_ = info.st_mtim;
  ends_ = read_ends();
  const std::string_view start(reinterpret_cast<const char*>(ends_.data()), ends_.size() / 2);
  if (const std::string pointer = lfs_pointer_reason(start); !pointer.empty()) {
    fail_data(path + ": " + pointer);
  }
}

void DataFile::read_now(std::size_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    const ssize_t count = ::pread(file_.number(), to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_data(system_reason(path_));
    if (count == 0) {
      struct stat info = {};
      ::fstat(file_.number(), &info);
      fail_data(path_ + ": became shorter while it was in use: it has " +
                std::to_string(info.st_size) + " bytes, expected " + std::to_string(size_) +
                "; put back what it was");
    }
    offset += static_cast<std::size_t>(count);
    to = to.subspan(static_cast<std::size_t>(count));
  }
}

void DataFile::read(std::size_t offset, std::span<std::byte> to) const {
  read_now(offset, to);
  check_same();
}

std::vector<std::byte> DataFile::read_all() const {
  std::vector<std::byte> bytes(size_);
  read(0, bytes);
  return bytes;
}

std::vector<std::byte> DataFile::read_ends() const {
  const std::size_t count = std::min(size_, kEndBytes);
  std::vector<std::byte> ends(2 * count);
  read_now(0, std::span(ends).first(count));
  read_now(size_ - count, std::span(ends).last(count));
  return ends;
}

// A file that was cut and filled again has its old size; what was only touched or grew is as it
// was.
void DataFile::check_same() const {
  struct stat info = {};
  if (::fstat(file_.number(), &info) != 0) fail_data(system_reason(path_));
  const bool as_before =
      info.st_mtim.tv_sec == written_.tv_sec && info.st_mtim.tv_nsec == written_.tv_nsec;
  if (as_before && info.st_size >= static_cast<off_t>(size_)) return;
  if (read_ends() != ends_) {
    fail_data(path_ + ": was written anew while it was in use; put back what it was");
  }
  written_ = info.st_mtim;
}

}  // namespace pipetrain
