// Bytes as gzip and zstd pack them, for tests of what unpacks them.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstddef>
#include <string>

#include "catch.h"

namespace pipetrain {

inline std::string packed(const std::string& text) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

inline std::string zstd_packed(const std::string& text) {
  std::string result(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size =
      ZSTD_compress(result.data(), result.size(), text.data(), text.size(), /*compressionLevel=*/3);
  REQUIRE(ZSTD_isError(size) == 0);
  result.resize(size);
  return result;
}

}  // namespace pipetrain
