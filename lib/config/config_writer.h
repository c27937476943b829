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
  void number(const char* name, T& field, const NumberRange&) {
    write(name, text_of(field));
  }
  void optional_number(const char* name, int& field) {
    if (field > 0) write(name, text_of(field));
  }
  void optional_count(const char* name, int& field) {
    if (field >= 0) write(name, text_of(field));
  }
  void word_or_number(const char* name, int& field, const char* word) {
    write(name, field == 0 ? word : text_of(field));
  }
  void pair(const char* name, std::array<double, 2>& field, const NumberRange&) {
    list(name, Words{text_of(field[0]), text_of(field[1])});
  }
  template <class T>
  void numbers(const char* name, std::vector<T>& field, const NumberRange&) {
    Words texts;
    for (const T number : field) texts.push_back(text_of(number));
    if (!texts.empty()) list(name, texts);
  }
  void flag(const char* name, bool& field) { write(name, field ? "true" : "false"); }
  void optional_flag(const char* name, std::optional<bool>& field) {
    if (field) flag(name, *field);
  }
  void word(const char* name, std::string& field, const Words&) {
    if (!field.empty()) write(name, field);
  }
  void word_or_csv(const char* name, std::string& field) { write(name, field); }
  template <class E, class Choices>
  void choice(const char* name, E& field, const Choices& choices) {
    write(name, name_of(choices, field));
  }
  template <class E, class Choices, class T>
  void choice_or_list(const char* name, E& field, const Choices& choices, E listed,
                      std::vector<T>& items) {
    if (field == listed) {
      list(name, items);
    } else {
      write(name, name_of(choices, field));
    }
  }
  template <class E, class Choices>
  void choice_or_paths(const char* name, E& field, const Choices& choices, E files,
                       std::vector<std::string>& paths) {
    choice_or_list(name, field, choices, files, paths);
  }
  void path(const char* name, std::string& field) { write(name, field); }
  void path_or_none(const char* name, std::string& field) {
    write(name, field.empty() ? "none" : field);
  }
  void paths(const char* name, std::vector<std::string>& field) {
    if (!field.empty()) list(name, field);
  }
  void layers(const char* name, std::vector<LayerEntry>& field) {
    if (field.empty()) return;
    out_ << YAML::Key << name << YAML::Value;
    write_layers(field);
  }

  template <class Struct>
  void section(const char* name, Struct& fields) {
    out_ << YAML::Key << name << YAML::Value << YAML::BeginMap;
    visit_fields(*this, fields);
    out_ << YAML::EndMap;
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
  // The shortest text that reads back as the same number.
  template <class T>
  static std::string text_of(T number) {
    std::array<char, 32> text;
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
  }
  void write_layers(const std::vector<LayerEntry>& layers);

  YAML::Emitter& out_;
};

}  // namespace pipetrain
