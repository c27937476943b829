#include "data/byte_stream.h"

#include <cstddef>
#include <span>
#include <string>

#include "catch.h"
#include "data/data_error.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace byte_stream_test {

namespace {

std::string all_of(const std::string& path, std::size_t piece) {
  const DataFile file(path);
  const auto stream = open_stream(file);
  std::string text, part(piece, '\0');
  for (std::size_t count = piece; count == piece;) {
    count = stream->read(std::as_writable_bytes(std::span(part)));
    text += part.substr(0, count);
  }
  CHECK(stream->taken() == file.size());
  CHECK(stream->read(std::as_writable_bytes(std::span(part))) == 0);
  return text;
}

std::string long_text() {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i * 7919 % 100003) + " ";
  return text;
}

}  // namespace

TEST_CASE("The bytes are the same plain, from gzip and from zstd, in parts of any size") {
  const TemporaryFolder folder;
  const std::string text = long_text(), half = text.substr(0, 300001), rest = text.substr(300001);
  const std::string files[] = {folder.write("plain", text), folder.write("gzip", packed(text)),
                               folder.write("zstd", zstd_packed(text)),
                               folder.write("members", packed(half) + packed(rest)),
                               folder.write("frames", zstd_packed(half) + zstd_packed(rest))};
  for (const std::string& file : files) {
    CAPTURE(file);
    for (const std::size_t piece : {std::size_t{1000}, text.size(), text.size() + 1}) {
      CHECK(all_of(file, piece) == text);
    }
  }
  CHECK(is_gzip(DataFile(files[1])));
  CHECK(is_zstd(DataFile(files[2])));
  CHECK(!is_zstd(DataFile(files[1])));
}

TEST_CASE("Packed data that are cut off or damaged name the file and the byte") {
  const TemporaryFolder folder;
  const std::string text = long_text();
  const auto refusal = [&](const std::string& bytes) {
    const std::string file = folder.write("x", bytes);
    return data_error_of([&] { all_of(file, text.size() + 1); }, file);
  };
  const std::string gzip = packed(text), zstd = zstd_packed(text);
  CHECK(contains(refusal(gzip.substr(0, 5000)), "gzip data are cut off, after 5000 bytes"));
  CHECK(contains(refusal(zstd.substr(0, 5000)), "zstd data are cut off, after 5000 bytes"));
  std::string bad = zstd;
  for (std::size_t at = 10; at < 100; ++at) bad[at] = '\xff';
  CHECK(contains(refusal(bad), "zstd data are damaged, at byte "));
  CHECK(contains(refusal(zstd + "rest"), "zstd data are "));
}

}  // namespace byte_stream_test
