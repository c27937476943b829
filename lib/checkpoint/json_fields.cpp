#include "checkpoint/json_fields.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

#include "base/json_text.h"
#include "checkpoint/mapped_bytes.h"

namespace pipetrain {
namespace {

using nlohmann::json;

// Whole and not negative: a conversion from anything else would not keep its value.
bool is_size(const json& value) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= kMax;
}

// What is no number of JSON's, in quotes.
std::string with_quoted_numbers(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNone = {"NaN", "Infinity", "-Infinity"};
  std::string made;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto none = std::ranges::find_if(
        kNone, [&](std::string_view word) { return text.substr(i).starts_with(word); });
    if (!in_text && none != kNone.end()) {
      (made += '"').append(*none) += '"';
      i += none->size() - 1;
      continue;
    }
    made += text[i];
    if (text[i] == '"') in_text = !in_text;
    if (in_text && text[i] == '\\' && i + 1 < text.size()) made += text[++i];
  }
  return made;
}

json parsed(const std::string& path, bool of_python) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 28;
  const MappedBytes file(path);
  if (file.bytes().size() > kMaxBytes) fail_checkpoint(path, "is too large for its kind");
  json whole = parsed_json(file.text());
  if (whole.is_discarded() && of_python) whole = parsed_json(with_quoted_numbers(file.text()));
  if (whole.is_discarded()) {
    fail_checkpoint(path, json_fault(file.text(), "is damaged: not valid JSON"));
  }
  return whole;
}

}  // namespace

const json& json_field(const json& object, const char* key, const std::string& where) {
  if (!object.is_object()) fail_checkpoint(where, "is not described by a JSON object");
  const auto value = object.find(key);
  if (value == object.end()) fail_checkpoint(where, std::string("has no ") + key);
  return *value;
}

std::string json_text(const json& object, const char* key, const std::string& where) {
  const json& value = json_field(object, key, where);
  if (!value.is_string()) fail_checkpoint(where, std::string(key) + " is not a text");
  return value.get<std::string>();
}

std::int64_t json_size(const json& object, const char* key, const std::string& where) {
  const json& value = json_field(object, key, where);
  if (!is_size(value))
    fail_checkpoint(where, std::string(key) + " is not a whole number from 0 up");
  return value.get<std::int64_t>();
}

Extents json_sizes(const json& object, const char* key, const std::string& where) {
  const json& list = json_field(object, key, where);
  bool sizes = list.is_array();
  Extents values;
  for (std::size_t i = 0; sizes && i < list.size(); ++i) {
    sizes = is_size(list[i]);
    if (sizes) values.push_back(list[i].get<std::int64_t>());
  }
  if (!sizes)
    fail_checkpoint(where, std::string(key) + " is not a list of whole numbers from 0 up");
  return values;
}

std::string plain_file_name(const std::string& name, const std::string& where) {
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    fail_checkpoint(where, "names a file outside its folder");
  }
  return name;
}

json read_json(const std::string& path) { return parsed(path, false); }

json read_python_json(const std::string& path) { return parsed(path, true); }

}  // namespace pipetrain
