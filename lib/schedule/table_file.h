// Reading tables of comma-separated cells from files that may be anything. It must not know what
// the cells mean.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipetrain {

// The whole file, without a byte order mark. Error(kConfiguration) if it cannot be read, is a
// directory, is UTF-16, or is longer than any table of a schedule that could be run (128 MiB).
std::string read_table(const std::string& path);

// What is in a cell, without spaces, tabs and carriage returns around it, nor a pair of quotes.
std::string_view content_of(std::string_view cell);
// The row is empty, or has empty cells alone, as spreadsheets pad tables with.
bool is_blank(std::string_view row);

// Calls visit(part) for each part between separators. Nothing is gathered: a file of garbage may
// have a great many.
template <class Visit>
void for_each_part(std::string_view text, char separator, Visit&& visit) {
  for (std::size_t end; (end = text.find(separator)) != std::string_view::npos;) {
    visit(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  visit(text);
}

// Calls visit(row, line), lines counted from 1, for each row that is not blank.
template <class Visit>
void for_each_row(std::string_view text, Visit&& visit) {
  int line = 0;
  for_each_part(text, '\n', [&](std::string_view row) {
    ++line;
    if (!is_blank(row)) visit(row, line);
  });
}

// For a message on one line: at most 40 characters, '?' for what cannot be shown.
std::string printable(std::string_view text);

}  // namespace pipetrain
