// A file's bytes, mapped into memory. What can no longer be read while it is mapped, since the file
// was cut short or the server that holds it has gone, ends the program with one line and the exit
// code of a checkpoint, not by SIGBUS.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "checkpoint/file_io.h"

namespace pipetrain {

struct Mapping;

class MappedBytes {
 public:
  // Fails where there is no regular file that may be read, and where it stands for one that git has
  // not fetched.
  explicit MappedBytes(const std::string& path);
  ~MappedBytes();
  MappedBytes(MappedBytes&& other) noexcept;
  MappedBytes& operator=(MappedBytes&&) = delete;
  MappedBytes(const MappedBytes&) = delete;

  Bytes bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  Mapping* mapping_ = nullptr;  // what a fault finds the file's name by
};

}  // namespace pipetrain
