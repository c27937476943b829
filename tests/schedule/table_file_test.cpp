#include "schedule/table_file.h"

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// A file that goes with the test.
class OwnFile {
 public:
  explicit OwnFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("pipetrain-table-" + std::to_string(getpid()) + ".csv")) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~OwnFile() { std::filesystem::remove(path_); }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string file_refusal(const std::string& path) {
  try {
    read_table(path);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A table is read whole, without its byte order mark") {
  const std::string text(200'000, 'x');  // more than is read at a time
  CHECK(read_table(OwnFile(text).path()) == text);
  CHECK(read_table(OwnFile("\xEF\xBB\xBF"
                           "1,2\n")
                       .path()) == "1,2\n");
  CHECK(read_table(OwnFile("").path()).empty());
}

TEST_CASE("What is no table is refused by its path") {
  CHECK(file_refusal("/nowhere/table.csv") == "/nowhere/table.csv: No such file or directory");
  CHECK(file_refusal("/") == "/: Is a directory");
  for (const std::string mark : {"\xFF\xFE", "\xFE\xFF"}) {
    const OwnFile file(mark + "1");
    CHECK(file_refusal(file.path()) ==
          file.path() +
              ": found UTF-16, expected UTF-8; convert it: iconv -f UTF-16 "
              "-t UTF-8 " +
              file.path());
  }
}

TEST_CASE("More than any table would have is not read") {
  const OwnFile file("");
  std::filesystem::resize_file(file.path(), (std::size_t{128} << 20) + 1);  // holes: takes no room
  CHECK(contains(file_refusal(file.path()), "found more than 128 MiB"));
}

TEST_CASE("Around a cell's content spaces and one pair of quotes mean nothing") {
  for (const char* cell : {"0F0", " 0F0\t", "0F0\r", "\"0F0\"", " \" 0F0 \" "}) {
    CAPTURE(cell);
    CHECK(content_of(cell) == "0F0");
  }
  CHECK(content_of(" \t\r").empty());
  CHECK(content_of("\"\"").empty());
  CHECK(content_of("\"") == "\"");
  CHECK(content_of("\"\"1\"\"") == "\"1\"");
  CHECK(content_of("1 2") == "1 2");
}

TEST_CASE("Rows of empty cells are passed over, and count as lines") {
  CHECK(is_blank(" ,\"\",\t\r"));
  CHECK(!is_blank(",,1"));
  std::vector<std::pair<std::string, int>> rows;
  for_each_row("\n1,2\r\n,,\n3",
               [&](std::string_view row, int line) { rows.emplace_back(row, line); });
  CHECK(rows == std::vector<std::pair<std::string, int>>{{"1,2\r", 2}, {"3", 4}});
}

TEST_CASE("Parts between separators may be empty") {
  std::string parts;
  for_each_part("a,,b,", ',', [&](std::string_view part) {
    (parts += '[') += part;
    parts += ']';
  });
  CHECK(parts == "[a][][b][]");
}

TEST_CASE("What a message shows is short, and on one line") {
  CHECK(printable("0X1") == "0X1");
  CHECK(printable("a\nb\xff\x1b") == "a?b??");
  CHECK(printable(std::string(40, 'x')) == std::string(40, 'x'));
  CHECK(printable(std::string(41, 'x')) == std::string(40, 'x') + "...");
}
