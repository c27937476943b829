// JSON that others wrote: everything that this program reads of it comes in here. Lists and objects
// may lie in each other only so deep, because copying, comparing and writing a value recurse, and a
// file of nothing but brackets would overflow the stack. It must not know what is read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pipetrain {

constexpr int kMostJsonDepth = 100;

// Whether its lists and objects lie deeper in each other than that.
bool is_deep_json(std::string_view text);

// The value of a text; discarded if that is no JSON, or deeper.
template <class Json = nlohmann::json>
Json parsed_json(std::string_view text) {
  if (is_deep_json(text)) return Json(nlohmann::detail::value_t::discarded);
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

// Why that of this text was discarded: how deep it may be, or `otherwise`.
std::string json_fault(std::string_view text,
                       const std::string& otherwise = "is no JSON, or was cut short");

}  // namespace pipetrain
