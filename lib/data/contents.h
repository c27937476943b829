// A data file's bytes, plain or unpacked from gzip (RFC 1952). It must not know what is in it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/data_file.h"

namespace pipetrain {

class Contents {
 public:
  // Error(kData) unless there are exactly `size` bytes. What a header promises is held against the
  // file's size before memory is taken for it.
  Contents(DataFile file, std::size_t size);

  // The first bytes, at most `count`.
  static std::vector<std::byte> start_of(const DataFile& file, std::size_t count);

  const std::string& path() const { return file_.path(); }
  std::size_t size() const { return size_; }
  // Fills `to` with the bytes from `offset` on, which are there.
  void read(std::size_t offset, std::span<std::byte> to) const;

 private:
  DataFile file_;
  std::size_t size_;
  std::vector<std::byte> unpacked_;  // of a gzip file
};

}  // namespace pipetrain
