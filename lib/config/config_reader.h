// Fills configuration structs from a YAML tree, field by field, and refuses what does not fit.
// It must not know the keys: visit_fields names them.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/suggest.h"
#include "config/config_fields.h"
#include "config/yaml_tree.h"

namespace pipetrain {

// Where each given key was written, by its full name ("train.steps").
using KeyPlaces = std::map<std::string, std::string>;

// Error(kConfiguration) "<where>: <key>: <what>"; an option that names the key already says it
// once.
[[noreturn]] void fail_at_key(const std::string& where, const std::string& key,
                              const std::string& what);

class ConfigReader {
 public:
  using Words = std::vector<std::string>;

  // `section` is the map of the keys below `prefix` ("train." or ""); `folder` that of the file.
  ConfigReader(const YamlValue& section, std::string prefix, std::filesystem::path folder,
               KeyPlaces& places);

  void finish() const;  // Error for keys that no field asked for

  template <class T>
  void number(const ConfigKey& key, T& field, const NumberRange& range) {
    if (const YamlValue* value = take(key.name)) field = parse_number<T>(*value, key.name, range);
  }
  void optional_number(const ConfigKey& key, int& field) { number(key, field, kAtLeastOne); }
  void optional_count(const ConfigKey& key, int& field) { number(key, field, kAtLeastZero); }
  void word_or_number(const ConfigKey& key, int& field, const char* word);  // 0 for the word
  void pair(const ConfigKey& key, std::array<double, 2>& field, const NumberRange& range);
  template <class T>
  void numbers(const ConfigKey& key, std::vector<T>& field, const NumberRange& range) {
    const YamlValue* value = take(key.name);
    if (value == nullptr) return;
    field.clear();
    for (const YamlValue& item : value->list)
      field.push_back(parse_number<T>(item, key.name, range));
    if (value->list.empty()) field.push_back(parse_number<T>(*value, key.name, range));
  }
  void flag(const ConfigKey& key, bool& field);
  void optional_flag(const ConfigKey& key, std::optional<bool>& field);
  void word(const ConfigKey& key, std::string& field, const Words& words);
  template <class E, class Choices>
  void choice(const ConfigKey& key, E& field, const Choices& choices) {
    const YamlValue* value = take(key.name);
    if (value != nullptr)
      field = find_row(choices, word_of(*value, key.name, names_of(choices)))->value;
  }
  void word_or_csv(const ConfigKey& key, std::string& field);
  // One of the choices but `listed`, which is what a list stands for.
  template <class E, class Choices, class T>
  void choice_or_list(const ConfigKey& key, E& field, const Choices& choices, E listed,
                      std::vector<T>& list) {
    const YamlValue* value = take(key.name);
    if (value == nullptr) return;
    const std::string word = word_or_items(*value, key.name, names_but(choices, listed), list);
    field = word.empty() ? listed : find_row(choices, word)->value;
  }
  template <class E, class Choices>
  void choice_or_path(const ConfigKey& key, E& field, const Choices& choices, std::string& path) {
    const YamlValue* value = section_.find(key.name);
    const Words words = names_of(choices);
    if (value != nullptr && std::ranges::find(words, value->text) != words.end()) {
      path.clear();
      return choice(key, field, choices);
    }
    this->path(key, path);
  }
  void name(const ConfigKey& key, std::string& field);  // any text but an empty one
  void path(const ConfigKey& key, std::string& field);
  void path_or_usual(const ConfigKey& key, std::string& field) { path(key, field); }
  void path_or_none(const ConfigKey& key, std::string& field);
  void paths(const ConfigKey& key, std::vector<std::string>& field);
  template <class E, class Choices>
  void choice_or_paths(const ConfigKey& key, E& field, const Choices& choices, E files,
                       Words& list) {
    const YamlValue* value = section_.find(key.name);
    const Words words = names_but(choices, files);
    const bool word = value != nullptr && std::ranges::find(words, value->text) != words.end();
    if (word) return choice(key, field, choices);
    paths(key, list);
    if (value == nullptr) return;
    if (list.empty()) refuse(*value, key.name, join(words) + " or paths");
    field = files;
  }
  void mixture(const ConfigKey& key, std::vector<MixturePart>& field);
  void layers(const ConfigKey& key, std::vector<LayerEntry>& field);

  template <class Struct>
  void section(const char* name, Struct& fields) {
    const YamlValue* value = take(name);
    if (value == nullptr) return;
    ConfigReader reader(*value, prefix_ + name + ".", folder_, places_);
    visit_fields(reader, fields);
    reader.finish();
  }

 private:
  template <class E, class Choices>
  static Words names_but(const Choices& choices, E value) {
    Words words = names_of(choices);
    std::erase(words, name_of(choices, value));
    return words;
  }

  const YamlValue* take(const char* name);
  std::string one_of(const YamlValue& value, const char* name, const Words& words,
                     const std::string& expected) const;
  std::string word_of(const YamlValue& value, const char* name, const Words& words) const;
  // The word, or else nothing and the list's items.
  std::string word_or_items(const YamlValue& value, const char* name, const Words& words,
                            std::vector<int>& list) const;
  std::string word_or_items(const YamlValue& value, const char* name, const Words& words,
                            std::vector<std::vector<int>>& list) const;
  std::string word_or_items(const YamlValue& value, const char* name, const Words& words,
                            Words& list) const;
  [[noreturn]] void refuse(const YamlValue& value, const char* name,
                           const std::string& expected) const;
  const std::string& scalar(const YamlValue& value, const char* name,
                            const std::string& expected) const;
  std::string absolute(const YamlValue& value, const char* name) const;

  template <class T>
  T parse_number(const YamlValue& value, const char* name, const NumberRange& range) const {
    constexpr bool kWhole = std::numeric_limits<T>::is_integer;
    const std::string expected = std::string(kWhole ? "a whole number" : "a number") + range.text;
    const std::string& text = scalar(value, name, expected);
    T number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc::result_out_of_range) {
      refuse(value, name, expected + " that fits " + std::to_string(8 * sizeof(T)) + " bits");
    }
    // The comparison in contains() is false for NaN, and kAny bounds infinities.
    if (error != std::errc() || stop != end || !range.contains(static_cast<double>(number))) {
      refuse(value, name, expected);
    }
    return number;
  }

  const YamlValue& section_;
  std::string prefix_;
  std::filesystem::path folder_;
  KeyPlaces& places_;
  Words known_;
};

}  // namespace pipetrain
