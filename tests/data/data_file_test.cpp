#include "data/data_file.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace data_file_test {

namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string refusal_of(const std::string& path) {
  return data_error_of([&] { const DataFile file(path); }, path);
}

}  // namespace

TEST_CASE("A file is read from any place, or whole") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "0123456789");
  const DataFile file(path);
  CHECK(file.path() == path);
  CHECK(file.size() == 10);
  std::string part(4, '\0');
  file.read(3, std::as_writable_bytes(std::span(part)));
  CHECK(part == "3456");
  CHECK(text_of(file.read_all()) == "0123456789");
}

TEST_CASE("What is no file with something in it is refused with the reason") {
  const TemporaryFolder folder;
  CHECK(
      refusal_of(folder.write("pointer", "version https://git-lfs.github.com/spec/v1\nsize 9\n"))
          .ends_with("is a Git LFS pointer, expected the file of 9 bytes that it stands for; fetch "
                     "it with git lfs pull"));
  CHECK(refusal_of(folder.path("none")) == "No such file or directory");
  CHECK(refusal_of(folder.path("")).starts_with("is a directory, expected a file (or a glob: "));
  CHECK(refusal_of("/dev/null") == "is not a regular file");
  CHECK(refusal_of(folder.write("empty", "")) == "is empty");
}

TEST_CASE("A file that becomes shorter or another one while it is in use is an error") {
  const TemporaryFolder folder;
  const std::string text(20000, 'a');
  const auto read_after = [&](const std::string& written) {
    const std::string path = folder.write("a", text);
    const DataFile file(path);
    folder.write("a", written);
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
    return data_error_of([&] { file.read_all(); }, path);
  };
  CHECK(read_after(text) == "no error");  // touched
  CHECK(read_after(text + "more") == "no error");
  CHECK(read_after("") ==
        "became shorter while it was in use: it has 0 bytes, expected 20000; put back what it was");
  CHECK(read_after(text.substr(1)).starts_with("became shorter while it was in use: it has 19999"));
  CHECK(read_after("b" + text.substr(1)) ==
        "was written anew while it was in use; put back what it was");
  CHECK(read_after(std::string(30000, 'b')).starts_with("was written anew"));
}

TEST_CASE("Pieces of a file go on with what the one before was not done with") {
  constexpr std::size_t kLine = 100'003;  // so that lines lie across pieces
  const TemporaryFolder folder;
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(kLine - 1, c) + "\n";
  const DataFile file(folder.write("a", text));
  for (const std::size_t first : {std::size_t{0}, 3 * kLine}) {
    std::string lines;
    int pieces = 0;
    for_each_piece(file, first, [&](std::span<const std::byte> bytes, bool last) {
      ++pieces;
      const std::string piece = text_of(bytes);
      const std::size_t done = piece.rfind('\n') + 1;  // whole lines only
      lines += piece.substr(0, done);
      CHECK(last == (lines.size() == text.size() - first));
      return done;
    });
    CHECK(lines == text.substr(first));
    CHECK(pieces == 3);
  }
}

TEST_CASE("A piece grows until something in it can be done") {
  const TemporaryFolder folder;
  const std::string text(3'000'000, 'a');
  const DataFile file(folder.write("a", text));
  std::size_t seen = 0;
  for_each_piece(file, 0, [&](std::span<const std::byte> bytes, bool last) {
    CHECK(bytes.size() > seen);
    seen = bytes.size();
    return last ? bytes.size() : 0;
  });
  CHECK(seen == text.size());
}

}  // namespace data_file_test
