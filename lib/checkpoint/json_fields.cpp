#include "checkpoint/json_fields.h"

#include <limits>

namespace pipetrain {
namespace {

using nlohmann::json;

// Whole and not negative: a conversion from anything else would not keep its value.
bool is_size(const json& value) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= kMax;
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

const std::string& plain_file_name(const std::string& name, const std::string& where) {
  if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    fail_checkpoint(where, "names a file outside its folder");
  }
  return name;
}

json read_json(const std::string& path) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 28;
  const MappedBytes file(path);
  if (file.bytes().size() > kMaxBytes) fail_checkpoint(path, "is too large for its kind");
  json whole = json::parse(file.text(), nullptr, false);
  if (whole.is_discarded()) fail_checkpoint(path, "is damaged: not valid JSON");
  return whole;
}

}  // namespace pipetrain
