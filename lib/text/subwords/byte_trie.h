// Strings with a number each, found at the start of a text. It must not know what they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/subwords/flat_map.h"

namespace pipetrain {

class ByteTrie {
 public:
  void add(std::string_view text, std::int32_t number) {
    std::uint32_t node = 0;
    for (const char c : text) {
      const std::uint64_t step = step_of(node, c);
      std::uint32_t next = children_.get(step);
      if (next == FlatMap::kNone) {
        next = static_cast<std::uint32_t>(numbers_.size());
        numbers_.push_back(-1);
        children_.set(step, next);
      }
      node = next;
    }
    numbers_[node] = number;
    if (!text.empty()) begins_[static_cast<unsigned char>(text[0])] = true;
  }
  // Calls visit(length, number) for each string that the text begins with, the shortest first.
  template <class Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    if (text.empty() || !begins_with(text[0])) return;
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = children_.get(step_of(node, text[i]));
      if (node == FlatMap::kNone) return;
      if (numbers_[node] >= 0) visit(i + 1, numbers_[node]);
    }
  }
  bool begins_with(char c) const { return begins_[static_cast<unsigned char>(c)]; }
  bool empty() const { return numbers_.size() == 1; }

 private:
  static std::uint64_t step_of(std::uint32_t node, char c) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
  }

  FlatMap children_;
  std::vector<std::int32_t> numbers_{-1};  // by node; -1: no string ends here
  bool begins_[256] = {};
};

}  // namespace pipetrain
