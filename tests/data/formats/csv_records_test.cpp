#include "data/formats/csv_records.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace csv_records_test {

namespace {

using Fields = std::vector<std::string>;
using Record = std::pair<std::int64_t, Fields>;  // with its line

std::vector<Record> records_of(const std::string& text) {
  const TemporaryFolder folder;
  const DataFile file(folder.write("x.csv", text));
  CsvRecords records(file);
  std::vector<Record> found;
  for (Fields fields; records.next(fields);) found.emplace_back(records.line(), fields);
  return found;
}

std::string refusal_of(const std::string& text) {
  const TemporaryFolder folder;
  const DataFile file(folder.write("x.csv", text));
  return data_error_of(
      [&] {
        CsvRecords records(file);
        for (Fields fields; records.next(fields);) {
        }
      },
      file.path());
}

}  // namespace

TEST_CASE("Records are the fields of a line, the last with or without its end") {
  const std::vector<Record> expected = {{1, {"1", "a b"}}, {2, {"2", " c "}}};
  CHECK(records_of("1,a b\n2, c \n") == expected);
  CHECK(records_of("1,a b\n2, c ") == expected);
  CHECK(records_of("1,a b\r\n2, c \r\n") == expected);
  CHECK(records_of("\xEF\xBB\xBF"
                   "1,a b\n2, c \n") == expected);
}

TEST_CASE("A field in quotes may hold commas, line ends and quotes written twice") {
  CHECK(records_of("\"1\",\"a, \"\"b\"\"\n\",c\r\n2,\"d\"\n3,\"e\"") ==
        std::vector<Record>{{1, {"1", "a, \"b\"\n", "c"}}, {3, {"2", "d"}}, {4, {"3", "e"}}});
}

TEST_CASE("Blank lines are no records, but are counted") {
  CHECK(records_of("\n1,\"a\"\r\n \t\r\n\n2,b\n\n\n") ==
        std::vector<Record>{{2, {"1", "a"}}, {5, {"2", "b"}}});
  CHECK(records_of("\n \n").empty());
  CHECK(records_of(" \t").empty());
}

TEST_CASE("What is no table is named with its line") {
  CHECK(refusal_of("1,a\n2,b\n") == "no error");
  CHECK(refusal_of("1,a\n2,\n") == "line 2: column 2 is empty");
  CHECK(refusal_of("1,a\n2,\"\"\n") == "line 2: column 2 is empty");
  CHECK(refusal_of("1,a\n,b\n") == "line 2: column 1 is empty");
  CHECK(refusal_of("1,a\n2,\"b\n3,c\n") == "line 2: a quote is opened and never closed");
  CHECK(refusal_of("1,\"a\nb\" c\n")
            .starts_with("line 2: after a closing quote comes ' ', expected"));
  CHECK(refusal_of("1,a\n2,b\"c\"\n")
            .starts_with("line 2: column 2 has a quote within a field that is not in quotes"));
  CHECK(refusal_of("1,\"a\"\r2,b\n").starts_with("line 1: a carriage return without a line's end"));
  CHECK(refusal_of("1,a\r2,b\r").starts_with("line 1: ends with a carriage return alone"));
  CHECK(refusal_of("\x1f\x8b\x08") == "is packed with gzip; unpack it first");
}

}  // namespace csv_records_test
