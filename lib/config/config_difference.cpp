#include "config/config_difference.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

namespace pipetrain {
namespace {

using Values = std::map<std::string, std::string>;  // of each key, by its full name

// In one line, and not the whole of a long list.
std::string text_of(const YAML::Node& value) {
  constexpr std::size_t kMost = 80;
  YAML::Emitter out;
  out << YAML::Flow << value;
  std::string text = out.c_str();
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  return text;
}

void add_values(const YAML::Node& node, const std::string& key, Values& values) {
  if (!node.IsMap()) {
    values[key] = text_of(node);
    return;
  }
  for (const auto& item : node) {
    const auto name = item.first.as<std::string>();
    add_values(item.second, key.empty() ? name : key + "." + name, values);
  }
}

Values values_of(const Config& config) {
  Values values;
  add_values(YAML::Load(resolved_yaml(config)), "", values);
  return values;
}

}  // namespace

std::vector<std::string> config_differences(const Config& before, const Config& now) {
  const Values old = values_of(before), own = values_of(now);
  std::set<std::string> keys;
  for (const Values* values : {&old, &own}) {
    for (const auto& [key, value] : *values) keys.insert(key);
  }
  const auto value_in = [](const Values& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("none") : found->second;
  };
  std::vector<std::string> differences;
  for (const std::string& key : keys) {
    const std::string was = value_in(old, key), is = value_in(own, key);
    if (was != is) differences.push_back(key + " " + is + " (was " + was + ")");
  }
  return differences;
}

}  // namespace pipetrain
