#include "base/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/uninterrupted.h"

namespace pipetrain {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

bool Descriptor::sync() const {
  return uninterrupted([this] { return ::fsync(number_); }) == 0;
}

bool Descriptor::close() { return ::close(std::exchange(number_, -1)) == 0 || errno == EINTR; }

Descriptor open_file(const std::string& path, int flags) {
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); }));
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool sync_folder(const std::string& folder) {
  const Descriptor file = open_file(folder, O_RDONLY | O_DIRECTORY);
  return file.number() >= 0 && (file.sync() || errno == EINVAL);
}

}  // namespace pipetrain
