#include "data/formats/csv_records.h"

#include <algorithm>

#include "base/error.h"
#include "data/formats/text_file.h"

namespace pipetrain {

CsvRecords::CsvRecords(const DataFile& file)
    : file_(file), text_(file.read_all()), at_(start_of_text(file)) {
  const auto first_return = std::ranges::find(text_, std::byte{'\r'});
  const bool line_feeds = std::ranges::find(text_, std::byte{'\n'}) != text_.end();
  if (line_feeds || text_.end() - first_return < 2) return;
  line_ = 1;
  fail("ends with a carriage return alone, expected a line feed; convert it: tr '\\r' '\\n'");
}

void CsvRecords::fail(const std::string& what) const {
  throw Error(ExitCode::kData,
              "data: " + file_.path() + ": line " + std::to_string(line_) + ": " + what);
}

void CsvRecords::skip_blank_lines() {
  for (std::size_t end = at_; end < text_.size(); ++end) {
    const char c = static_cast<char>(text_[end]);
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
    if (c == '\n') ++next_line_;
    if (c == '\n' || end + 1 == text_.size()) at_ = end + 1;
  }
}

bool CsvRecords::next(std::vector<std::string>& fields) {
  skip_blank_lines();
  if (at_end()) return false;
  line_ = next_line_;
  fields.clear();
  do {
    if (!fields.empty()) ++at_;  // the comma
    const std::size_t column = fields.size() + 1;
    std::string& field = fields.emplace_back();
    if (!at_end() && peek() == '"') {
      read_quoted(field);
    } else {
      read_bare(field, column);
    }
    if (field.empty()) fail("column " + std::to_string(column) + " is empty");
  } while (!end_of_record());
  return true;
}

void CsvRecords::read_quoted(std::string& field) {
  const std::int64_t opened = next_line_;
  ++at_;
  for (;; ++at_) {
    if (at_end()) {
      line_ = opened;
      fail("a quote is opened and never closed");
    }
    if (peek() == '\n') ++next_line_;
    if (peek() == '"') {
      const bool doubled = at_ + 1 < text_.size() && static_cast<char>(text_[at_ + 1]) == '"';
      if (!doubled) break;
      ++at_;
    }
    field += peek();
  }
  ++at_;
  if (at_end() || peek() == ',' || peek() == '\r' || peek() == '\n') return;
  line_ = next_line_;
  fail(std::string("after a closing quote comes '") + peek() +
       "', expected a comma or the line's end (a quote within a field is written twice)");
}

void CsvRecords::read_bare(std::string& field, std::size_t column) {
  for (; !at_end() && peek() != ',' && peek() != '\n'; ++at_) {
    if (peek() == '"') {
      fail("column " + std::to_string(column) +
           " has a quote within a field that is not in quotes");
    }
    field += peek();
  }
  const bool ends_line = at_end() || peek() == '\n';
  if (ends_line && field.ends_with('\r')) field.pop_back();
}

bool CsvRecords::end_of_record() {
  if (!at_end() && peek() == ',') return false;
  if (!at_end() && peek() == '\r') ++at_;
  if (at_end()) return true;
  if (peek() != '\n') fail("a carriage return without a line's end follows a quote");
  ++at_;
  ++next_line_;
  return true;
}

}  // namespace pipetrain
