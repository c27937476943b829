// The records of a comma-separated file with quoted fields (RFC 4180), one after the other. It must
// not know what the columns mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/data_file.h"

namespace pipetrain {

class CsvRecords {
 public:
  explicit CsvRecords(const DataFile& file);  // `file` outlives it

  // The next record's fields, without quotes; false at the end of the file. Lines of nothing but
  // white space are no records. Error(kData) names file and line for quotes that do not pair, an
  // empty field, or line ends of other systems.
  bool next(std::vector<std::string>& fields);
  std::int64_t line() const { return line_; }  // where the record begins, from 1
  [[noreturn]] void fail(const std::string& what) const;

 private:
  void skip_blank_lines();
  void read_quoted(std::string& field);
  void read_bare(std::string& field, std::size_t column);
  bool end_of_record();  // past a line's end or the file's; false if a comma comes next
  char peek() const { return static_cast<char>(text_[at_]); }
  bool at_end() const { return at_ == text_.size(); }

  const DataFile& file_;
  std::vector<std::byte> text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 0, next_line_ = 1;
};

}  // namespace pipetrain
