// Writes configuration structs as YAML, every field spelt out. It must not know the keys:
// visit_fields names them.
#pragma once

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "config/config_fields.h"

namespace pipetrain {

class ConfigWriter {
 public:
  using Words = std::vector<std::string>;

  explicit ConfigWriter(YAML::Emitter& out) : out_(out) {}

  template <class T>
  void number(const ConfigKey& key, T& field, const NumberRange&) {
    write(key.name, text_of(field));
  }
  void optional_number(const ConfigKey& key, int& field) {
    if (field > 0) write(key.name, text_of(field));
  }
  void optional_count(const ConfigKey& key, int& field) {
    if (field >= 0) write(key.name, text_of(field));
  }
  void word_or_number(const ConfigKey& key, int& field, const char* word) {
    write(key.name, field == 0 ? word : text_of(field));
  }
  void pair(const ConfigKey& key, std::array<double, 2>& field, const NumberRange&) {
    list(key.name, Words{text_of(field[0]), text_of(field[1])});
  }
  template <class T>
  void numbers(const ConfigKey& key, std::vector<T>& field, const NumberRange&) {
    Words texts;
    for (const T number : field) texts.push_back(text_of(number));
    if (!texts.empty()) list(key.name, texts);
  }
  void flag(const ConfigKey& key, bool& field) { write(key.name, field ? "true" : "false"); }
  void optional_flag(const ConfigKey& key, std::optional<bool>& field) {
    if (field) flag(key, *field);
  }
  void word(const ConfigKey& key, std::string& field, const Words&) {
    if (!field.empty()) write(key.name, field);
  }
  void word_or_csv(const ConfigKey& key, std::string& field) { write(key.name, field); }
  template <class E, class Choices>
  void choice(const ConfigKey& key, E& field, const Choices& choices) {
    write(key.name, name_of(choices, field));
  }
  template <class E, class Choices, class T>
  void choice_or_list(const ConfigKey& key, E& field, const Choices& choices, E listed,
                      std::vector<T>& items) {
    if (field == listed) {
      list(key.name, items);
    } else {
      write(key.name, name_of(choices, field));
    }
  }
  template <class E, class Choices>
  void choice_or_paths(const ConfigKey& key, E& field, const Choices& choices, E files,
                       std::vector<std::string>& paths) {
    choice_or_list(key, field, choices, files, paths);
  }
  template <class E, class Choices>
  void choice_or_path(const ConfigKey& key, E& field, const Choices& choices, std::string& path) {
    write(key.name, path.empty() ? name_of(choices, field) : path);
  }
  void name(const ConfigKey& key, std::string& field) { write(key.name, field); }
  void path_or_usual(const ConfigKey& key, std::string& field) {
    if (!field.empty()) write(key.name, field);
  }
  void path(const ConfigKey& key, std::string& field) { write(key.name, field); }
  void path_or_none(const ConfigKey& key, std::string& field) {
    write(key.name, field.empty() ? "none" : field);
  }
  void paths(const ConfigKey& key, std::vector<std::string>& field) {
    if (!field.empty()) list(key.name, field);
  }
  void mixture(const ConfigKey& key, std::vector<MixturePart>& field) {
    if (field.empty()) return;
    out_ << YAML::Key << key.name << YAML::Value << YAML::BeginSeq;
    for (const MixturePart& part : field) {
      out_ << YAML::BeginMap << YAML::Key << "path" << YAML::Value << part.path << YAML::Key
           << "weight" << YAML::Value << text_of(part.weight) << YAML::EndMap;
    }
    out_ << YAML::EndSeq;
  }
  void layers(const ConfigKey& key, std::vector<LayerEntry>& field) {
    if (field.empty()) return;
    out_ << YAML::Key << key.name << YAML::Value;
    write_layers(field);
  }

  template <class Struct>
  void section(const char* name, Struct& fields) {
    out_ << YAML::Key << name << YAML::Value << YAML::BeginMap;
    visit_fields(*this, fields);
    out_ << YAML::EndMap;
  }

  // The shortest text that reads back as the same number.
  template <class T>
  static std::string text_of(T number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }

 private:
  void write(const char* name, const std::string& text) {
    out_ << YAML::Key << name << YAML::Value << text;
  }
  template <class T>
  void list(const char* name, const std::vector<T>& items) {
    out_ << YAML::Key << name << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const T& item : items) out_ << item;
    out_ << YAML::EndSeq;
  }
  void list(const char* name, const std::vector<std::vector<int>>& rows) {
    out_ << YAML::Key << name << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const std::vector<int>& row : rows) out_ << YAML::Flow << row;
    out_ << YAML::EndSeq;
  }
  void write_layers(const std::vector<LayerEntry>& layers);

  YAML::Emitter& out_;
};

}  // namespace pipetrain
