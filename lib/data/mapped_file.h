// A data file mapped into memory for reading. It must not know what is in it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pipetrain {

class MappedFile {
 public:
  explicit MappedFile(
      const std::string& path);  // Error(kData): not there, not a file, empty, unreadable
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Maps the files that the paths name, each a file or a glob (whose matches are sorted).
// Error(kData) if one has no match.
std::vector<MappedFile> map_files(const std::vector<std::string>& paths);

}  // namespace pipetrain
