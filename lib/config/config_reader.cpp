#include "config/config_reader.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.h"
#include "config/working_directory.h"
#include "config/yaml_tree.h"

namespace pipetrain {
namespace {

using Kind = YamlValue::Kind;

LayerEntry read_layer(const YamlValue& value);

std::vector<LayerEntry> read_layers(const YamlValue& value) {
  if (value.kind != Kind::kList)
    fail_at(value.where, "layers: found " + value.found() + ", expected a list");
  std::vector<LayerEntry> layers;
  layers.reserve(value.list.size());
  for (const YamlValue& item : value.list) layers.push_back(read_layer(item));
  return layers;
}

void read_option(const YamlEntry& option, LayerEntry& layer) {
  if (option.key == "layers") {
    layer.layers = read_layers(option.value);
  } else if (option.value.kind == Kind::kScalar) {
    layer.options.emplace_back(option.key, option.value.text);
  } else {
    fail_at(option.value.where, "option " + in_quotes(option.key) + " of layer " +
                                    in_quotes(layer.kind) + ": found " + option.value.found() +
                                    ", expected a single value");
  }
}

// `relu`, `{linear: {features: 10}}`, `{residual: [...]}`, or `{repeat: 2, layers: [...]}`.
LayerEntry read_layer(const YamlValue& value) {
  LayerEntry layer;
  layer.where = value.where;
  if (value.kind == Kind::kScalar) {
    layer.kind = value.text;
    return layer;
  }
  if (value.kind == Kind::kMap && value.find("repeat") != nullptr) {
    layer.kind = "repeat";
    for (const YamlEntry& entry : value.map) {
      if (entry.key != "repeat" && entry.key != "layers") {
        fail_at(entry.value.where,
                "unknown key " + in_quotes(entry.key) + " beside repeat, expected layers");
      }
      read_option(entry.key == "repeat" ? YamlEntry{"count", entry.value} : entry, layer);
    }
    return layer;
  }
  if (value.kind != Kind::kMap || value.map.size() != 1) {
    fail_at(value.where,
            "a layer: found " + value.found() +
                ", expected its name or one `name: {options}` (indent options below the name)");
  }
  const YamlEntry& entry = value.map.front();
  layer.kind = entry.key;
  if (entry.value.kind == Kind::kList) {
    layer.layers = read_layers(entry.value);
  } else if (entry.value.kind == Kind::kMap) {
    for (const YamlEntry& option : entry.value.map) read_option(option, layer);
  } else if (entry.value.kind == Kind::kScalar) {
    fail_at(entry.value.where, "layer " + in_quotes(layer.kind) + ": found " + entry.value.found() +
                                   ", expected {options}");
  }
  return layer;
}

}  // namespace

void fail_at_key(const std::string& where, const std::string& key, const std::string& what) {
  fail_at(where == "--set " + key ? where : where + ": " + key, what);
}

ConfigReader::ConfigReader(const YamlValue& section, std::string prefix,
                           std::filesystem::path folder, KeyPlaces& places)
    : section_(section), prefix_(std::move(prefix)), folder_(std::move(folder)), places_(places) {
  if (section.kind == Kind::kScalar || section.kind == Kind::kList) {
    const std::string name = prefix_.empty() ? "" : prefix_.substr(0, prefix_.size() - 1) + ": ";
    fail_at(section.where, name + "found " + section.found() + ", expected keys and values");
  }
}

void ConfigReader::finish() const {
  for (const YamlEntry& entry : section_.map) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    if (prefix_.empty() && is_anchor_key(entry.key)) continue;
    fail_at(entry.value.where, "unknown key " + in_quotes(prefix_ + entry.key) +
                                   ", the nearest known one is '" + prefix_ +
                                   nearest_word(entry.key, known_) + "'");
  }
}

const YamlValue* ConfigReader::take(const char* name) {
  known_.emplace_back(name);
  const YamlValue* value = section_.find(name);
  if (value != nullptr) places_[prefix_ + name] = value->where;
  return value;
}

void ConfigReader::refuse(const YamlValue& value, const char* name,
                          const std::string& expected) const {
  fail_at_key(value.where, prefix_ + name, "found " + value.found() + ", expected " + expected);
}

const std::string& ConfigReader::scalar(const YamlValue& value, const char* name,
                                        const std::string& expected) const {
  if (value.kind != Kind::kScalar || value.text.empty()) refuse(value, name, expected);
  return value.text;
}

std::string ConfigReader::absolute(const YamlValue& value, const char* name) const {
  const std::filesystem::path given = scalar(value, name, "a path");
  const bool from_here = value.from_option && given.is_relative();
  const auto base = from_here ? working_directory() : folder_;
  const std::filesystem::path whole = (base / given).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).string();  // without a last slash
}

void ConfigReader::word_or_number(const ConfigKey& key, int& field, const char* word) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  field = value->text == word ? 0 : parse_number<int>(*value, key.name, kAtLeastOne);
}

void ConfigReader::pair(const ConfigKey& key, std::array<double, 2>& field,
                        const NumberRange& range) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  if (value->list.size() != 2) refuse(*value, key.name, "a list of two numbers");
  for (std::size_t i = 0; i < 2; ++i)
    field[i] = parse_number<double>(value->list[i], key.name, range);
}

void ConfigReader::flag(const ConfigKey& key, bool& field) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  const std::string& text = scalar(*value, key.name, "true or false");
  if (text != "true" && text != "false") refuse(*value, key.name, "true or false");
  field = text == "true";
}

void ConfigReader::optional_flag(const ConfigKey& key, std::optional<bool>& field) {
  bool given = field.value_or(false);
  flag(key, given);
  if (section_.find(key.name) != nullptr) field = given;
}

std::string ConfigReader::one_of(const YamlValue& value, const char* name, const Words& words,
                                 const std::string& expected) const {
  const std::string& word = scalar(value, name, expected);
  if (std::ranges::find(words, word) == words.end()) refuse(value, name, expected);
  return word;
}

std::string ConfigReader::word_of(const YamlValue& value, const char* name,
                                  const Words& words) const {
  return one_of(value, name, words, (words.size() > 1 ? "one of " : "") + join(words));
}

void ConfigReader::word(const ConfigKey& key, std::string& field, const Words& words) {
  if (const YamlValue* value = take(key.name)) field = word_of(*value, key.name, words);
}

void ConfigReader::word_or_csv(const ConfigKey& key, std::string& field) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  field = scalar(*value, key.name, "a schedule's name or a .csv file");
  if (field.ends_with(".csv")) field = absolute(*value, key.name);
}

std::string ConfigReader::word_or_items(const YamlValue& value, const char* name,
                                        const Words& words, std::vector<int>& list) const {
  list.clear();
  for (const YamlValue& item : value.list) {
    list.push_back(parse_number<int>(item, name, kAtLeastZero));
  }
  if (!list.empty()) return {};
  return one_of(value, name, words, join(words) + " or a list of layer numbers");
}

std::string ConfigReader::word_or_items(const YamlValue& value, const char* name,
                                        const Words& words,
                                        std::vector<std::vector<int>>& list) const {
  list.clear();
  const std::string expected =
      join(words) + " or a list of each rank's stages, such as [[0,5],[1,4],[2,3]]";
  for (const YamlValue& row : value.list) {
    if (row.kind != Kind::kList) refuse(value, name, expected);
    std::vector<int>& own = list.emplace_back();
    for (const YamlValue& item : row.list) {
      own.push_back(parse_number<int>(item, name, kAtLeastZero));
    }
  }
  return list.empty() ? one_of(value, name, words, expected) : std::string();
}

std::string ConfigReader::word_or_items(const YamlValue& value, const char* name,
                                        const Words& words, Words& list) const {
  list.clear();
  for (const YamlValue& item : value.list) list.push_back(scalar(item, name, "a layer"));
  if (!list.empty()) return {};
  return one_of(value, name, words, join(words) + " or a list of layers");
}

void ConfigReader::name(const ConfigKey& key, std::string& field) {
  if (const YamlValue* value = take(key.name)) field = scalar(*value, key.name, "a name");
}

void ConfigReader::path(const ConfigKey& key, std::string& field) {
  if (const YamlValue* value = take(key.name)) field = absolute(*value, key.name);
}

void ConfigReader::path_or_none(const ConfigKey& key, std::string& field) {
  const YamlValue* value = take(key.name);
  if (value != nullptr) field = value->text == "none" ? "" : absolute(*value, key.name);
}

void ConfigReader::paths(const ConfigKey& key, std::vector<std::string>& field) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  field.clear();
  if (value->kind == Kind::kList) {
    for (const YamlValue& item : value->list) field.push_back(absolute(item, key.name));
  } else {
    field.push_back(absolute(*value, key.name));
  }
}

void ConfigReader::mixture(const ConfigKey& key, std::vector<MixturePart>& field) {
  const YamlValue* value = take(key.name);
  if (value == nullptr) return;
  const std::string expected = "a list of {path: PATH, weight: NUMBER}";
  if (value->kind != Kind::kList || value->list.empty()) refuse(*value, key.name, expected);
  field.clear();
  for (const YamlValue& item : value->list) {
    const YamlValue* path = item.find("path");
    const YamlValue* weight = item.find("weight");
    const std::size_t known = (path != nullptr ? 1 : 0) + (weight != nullptr ? 1 : 0);
    if (path == nullptr || item.map.size() != known) refuse(item, key.name, expected);
    MixturePart& part = field.emplace_back(MixturePart{.path = absolute(*path, key.name)});
    if (weight != nullptr) part.weight = parse_number<double>(*weight, key.name, kPositive);
  }
}

void ConfigReader::layers(const ConfigKey& key, std::vector<LayerEntry>& field) {
  if (const YamlValue* value = take(key.name)) field = read_layers(*value);
}

}  // namespace pipetrain
