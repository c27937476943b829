// Reading tables of comma-separated cells from files that may be anything. It must not know what
// the cells mean.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pipetrain {

// The whole file. Error(kConfiguration) if it cannot be read, is a directory, or is longer than any
// table of a schedule that could be run (128 MiB).
std::string read_table(const std::string& path);

std::string_view trim(
    std::string_view text);  // without spaces, tabs and carriage returns around it

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

// The same for rows, without empty ones at the end.
template <class Visit>
void for_each_row(std::string_view text, Visit&& visit) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  if (last != std::string_view::npos) for_each_part(text.substr(0, last + 1), '\n', visit);
}

// For a message on one line: at most 40 characters, '?' for what cannot be shown.
std::string printable(std::string_view text);

}  // namespace pipetrain
