// Rows of an explicit table, found by their name: a table lists all that there is of one kind of
// thing. It must not know what the rows are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// The row of that name in a range of rows, each with a `name`; null if there is none.
template <class Rows>
auto find_row(const Rows& rows, std::string_view name) -> decltype(&*rows.begin()) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// In the order of the table.
template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

}  // namespace pipetrain
