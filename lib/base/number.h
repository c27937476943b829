// From text to numbers, in one way for command line, configuration and tables: the whole text is
// the number, in decimal, finite, and the type holds it. It must not know what the number is for.
#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace pipetrain {

// Nothing for "nan", "inf", "0x10", "1e999", " 1", "+1", "1 " and "".
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(number)) return std::nullopt;
  }
  return number;
}

}  // namespace pipetrain
