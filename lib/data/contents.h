// A data file's bytes, plain or unpacked from gzip (RFC 1952). It must not know what is in it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/mapped_file.h"

namespace pipetrain {

bool is_gzip(const MappedFile& file);

class Contents {
 public:
  // Error(kData) unless there are exactly `size` bytes. What a header promises is held against the
  // file's size before memory is taken for it.
  Contents(MappedFile file, std::size_t size);

  // The first bytes, at most `count`.
  static std::vector<std::byte> start_of(const MappedFile& file, std::size_t count);

  const std::string& path() const { return file_.path(); }
  std::span<const std::byte> bytes() const {
    return unpacked_.empty() ? file_.bytes() : std::span<const std::byte>(unpacked_);
  }

 private:
  MappedFile file_;
  std::vector<std::byte> unpacked_;
};

}  // namespace pipetrain
