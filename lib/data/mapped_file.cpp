#include "data/mapped_file.h"

#include <fcntl.h>
#include <glob.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

[[noreturn]] void fail(const std::string& what) { throw Error(ExitCode::kData, "data: " + what); }

class Descriptor {
 public:
  // Not blocking, so that opening a pipe by mistake returns.
  explicit Descriptor(const std::string& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::vector<std::string> matches(const std::string& pattern) {
  struct stat info = {};
  if (pattern.find_first_of("*?[") == std::string::npos || ::stat(pattern.c_str(), &info) == 0) {
    return {pattern};
  }
  glob_t found = {};
  const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
  const std::unique_ptr<glob_t, decltype(&::globfree)> owner(&found, &::globfree);
  if (result != 0) fail(pattern + ": no file matches");
  return {found.gl_pathv, found.gl_pathv + found.gl_pathc};
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const Descriptor file(path);
  struct stat info = {};
  if (file.number() < 0 || ::fstat(file.number(), &info) != 0) fail(system_reason(path));
  if (S_ISDIR(info.st_mode))
    fail(path + ": is a directory, expected a file (or a glob: " + path + "/*)");
  if (!S_ISREG(info.st_mode)) fail(path + ": is not a regular file");
  if (info.st_size == 0) fail(path + ": is empty");
  size_ = static_cast<std::size_t>(info.st_size);
  void* const start = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.number(), 0);
  if (start == MAP_FAILED) fail(system_reason(path));
  data_ = static_cast<const std::byte*>(start);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::vector<MappedFile> map_files(const std::vector<std::string>& paths) {
  std::vector<MappedFile> files;
  for (const std::string& path : paths) {
    for (const std::string& file : matches(path)) files.emplace_back(file);
  }
  if (files.empty()) fail("data.path names no file");
  return files;
}

}  // namespace pipetrain
