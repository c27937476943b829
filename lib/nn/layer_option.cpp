#include "nn/layer_option.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace pipetrain {
namespace {

std::string number_code(double number) {
  std::array<char, 32> text;
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return code(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

// The default, or what it follows from, or that there is none.
std::string default_text(bool known, double otherwise, const std::string& follows) {
  return known ? number_code(otherwise) : follows.empty() ? "needed" : follows;
}

}  // namespace

LayerOption::LayerOption(const SizeOption& option)
    : name(option.name),
      values("a whole number of at least 1"),
      otherwise(default_text(option.otherwise > 0, static_cast<double>(option.otherwise),
                             option.follows)),
      meaning(option.meaning),
      compared(!option.from_data) {
  if (*option.words != 0) values += std::string(", ") + option.words;
}

LayerOption::LayerOption(const RateOption& option)
    : name(option.name),
      values("a number from 0 to below 1"),
      otherwise(default_text(option.otherwise >= 0, option.otherwise, option.follows)),
      meaning(option.meaning),
      compared(false) {}

LayerOption::LayerOption(const NumberOption& option)
    : name(option.name),
      values("a number above 0"),
      otherwise(default_text(option.otherwise > 0, option.otherwise, option.follows)),
      meaning(option.meaning) {}

LayerOption::LayerOption(const FlagOption& option)
    : name(option.name),
      values(either({"true", "false"})),
      otherwise(code(option.otherwise ? "true" : "false")),
      meaning(option.meaning) {}

}  // namespace pipetrain
