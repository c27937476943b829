#include "data/contents.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "catch.h"
#include "data/byte_stream.h"
#include "data/data_error.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace contents_test {

namespace {

const std::string kText = "0123456789abcdef";

std::string text_at(const Contents& contents, std::size_t offset, std::size_t count) {
  std::string text(count, '\0');
  contents.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::string start_of(const std::string& file, std::size_t count) {
  const std::vector<std::byte> start = Contents::start_of(DataFile(file), count);
  return {reinterpret_cast<const char*>(start.data()), start.size()};
}

}  // namespace

TEST_CASE("Contents are the same from a plain file and from a packed one") {
  const TemporaryFolder folder;
  const std::string plain = folder.write("plain", kText), gzip = folder.write("gz", packed(kText)),
                    members =
                        folder.write("two", packed(kText.substr(0, 5)) + packed(kText.substr(5)));
  CHECK(!is_gzip(DataFile(plain)));
  CHECK(is_gzip(DataFile(gzip)));
  CHECK(!is_gzip(DataFile(folder.write("short", "\x1f"))));
  for (const std::string& file : {plain, gzip, members}) {
    const Contents contents(DataFile(file), kText.size());
    CHECK(contents.path() == file);
    CHECK(contents.size() == kText.size());
    CHECK(text_at(contents, 0, 16) == kText);
    CHECK(text_at(contents, 3, 4) == "3456");
    CHECK(start_of(file, 7) == kText.substr(0, 7));
    CHECK(start_of(file, 100) == kText);
  }
}

TEST_CASE("A file that holds more or less than its header promises is refused") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes, std::size_t size) {
    const std::string file = folder.write("x", bytes);
    return data_error_of([&] { const Contents contents(DataFile(file), size); }, file);
  };
  CHECK(refusal(kText, 16) == "no error");
  CHECK(refusal(kText, 17) == "its header promises 17 bytes in all, it holds 16");
  CHECK(refusal(kText, 15) == "its header promises 15 bytes in all, it holds 16");
  CHECK(refusal(packed(kText), 16) == "no error");
  CHECK(refusal(packed(kText), 17) == "its header promises 17 bytes in all, it holds 16");
  CHECK(refusal(packed(kText), 15) == "its header promises 15 bytes in all, it holds more");
  // Before memory is taken for it.
  CHECK(refusal(packed(kText), std::size_t{1} << 60)
            .starts_with("its header promises 1152921504606846976 bytes in all, it holds less ("));
}

TEST_CASE("A packed file that is cut off or damaged is refused") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const std::string file = folder.write("x", bytes);
    return data_error_of([&] { const Contents contents(DataFile(file), 16); }, file);
  };
  const std::string whole = packed(kText);
  CHECK(
      refusal(whole.substr(0, whole.size() - 12)).starts_with("its gzip data are cut off, after "));
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 1;  // of the checksum
  CHECK(refusal(damaged).starts_with("its gzip data are damaged, at byte "));
}

}  // namespace contents_test
