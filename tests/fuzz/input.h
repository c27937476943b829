// What the targets share: the input as a file that a reader can open, and the rule that a reader
// either succeeds or throws an Error. It must not know the formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace pipetrain::fuzz {

using Input = std::span<const std::uint8_t>;

inline std::string_view text_of(Input input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

// A file in memory with these bytes; gone with the object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  explicit MemoryFile(Input input) : MemoryFile(text_of(input)) {}
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const;

 private:
  int number_;
};

// An empty folder of this process alone; gone with the object.
class PrivateFolder {
 public:
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Cuts the input in two: its first two bytes are the length of the first part (little-endian).
std::pair<Input, Input> halves_of(Input input);

// Ends the process with a message unless `holds`.
void require(bool holds, const char* what);

// Runs `read`, which may throw an Error; another exception ends the process. True if nothing was
// thrown.
bool read_or_refuse(const std::function<void()>& read);

}  // namespace pipetrain::fuzz
