// Rows of an explicit table, found by their name: a table lists all that there is of one kind of
// thing. It must not know what the rows are.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

// A row of a closed set of words: an enum's value, how people write it, and what it does.
template <class Value>
struct Choice {
  Value value;
  std::string_view name;
  const char* meaning;  // one sentence
};

// The row of that name in a range of rows, each with a `name`; null if there is none.
template <class Rows>
auto find_row(const Rows& rows, std::string_view name) -> decltype(&*std::begin(rows)) {
  for (const auto& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

// In the order of the table.
template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  names.reserve(std::size(rows));
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

// Of a value that one of the choices has.
template <class Choices, class Value>
std::string name_of(const Choices& choices, Value value) {
  for (const auto& choice : choices) {
    if (choice.value == value) return std::string(choice.name);
  }
  return {};
}

}  // namespace pipetrain
