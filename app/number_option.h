// Options of the command line that are numbers: what is none, or is out of bounds, is refused.
// CLI11 itself would take "nan", read "010" as eight and "-1" as a huge seed.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>

#include "base/number.h"
#include "schedule/simulate/figures.h"

namespace pipetrain {

template <class T>
struct Bounds {
  T low = std::numeric_limits<T>::lowest();
  T high = std::numeric_limits<T>::max();

  bool contains(T number) const { return number >= low && number <= high; }
  std::string text() const {
    const auto shown = [](T bound) {
      if constexpr (std::is_integral_v<T>) return std::to_string(bound);
      return short_number(static_cast<double>(bound));
    };
    const std::string kind = std::is_integral_v<T> ? "a whole number" : "a number";
    if (high == std::numeric_limits<T>::max()) return kind + " of at least " + shown(low);
    return kind + " from " + shown(low) + " to " + shown(high);
  }
};

inline constexpr Bounds<int> kOneOrMore{.low = 1};

// `--flag PLACEHOLDER`. What is wrong is thrown as CLI11's own errors are, and begins with the
// flag.
template <class T, class Field>
void add_number(CLI::App& command, const std::string& flag, Field& field,
                const std::string& placeholder, const Bounds<T>& bounds, const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [&field, flag, bounds](const std::string& text) {
            const std::optional<T> number = parse_number<T>(text);
            if (!number || !bounds.contains(*number)) {
              throw CLI::ValidationError(flag, "found '" + text + "', expected " + bounds.text());
            }
            const T value = *number;  // the field may be an optional number itself
            field = value;
          },
          help)
      ->option_text(placeholder);
}

}  // namespace pipetrain
