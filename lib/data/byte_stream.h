// A data file's bytes one after the other, as they are or unpacked from gzip (RFC 1952) or zstd
// (RFC 8878), in bounded memory. It must not know what is in them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "data/data_file.h"

namespace pipetrain {

bool is_gzip(const DataFile& file);
bool is_zstd(const DataFile& file);

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills `to` with the next bytes; returns how many there were, fewer only at the end.
  // Error(kData) where packed data are damaged or cut off.
  virtual std::size_t read(std::span<std::byte> to) = 0;
  virtual std::size_t taken() const = 0;  // bytes of the file, so far
};

// The file outlives it.
std::unique_ptr<ByteStream> open_stream(const DataFile& file);

}  // namespace pipetrain
