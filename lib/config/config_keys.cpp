#include "config/config_keys.h"

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/markdown.h"
#include "base/suggest.h"
#include "config/config_fields.h"
#include "config/config_writer.h"

namespace pipetrain {
namespace {

using Words = std::vector<std::string>;

template <class T>
std::string number_of(const NumberRange& range) {
  const bool whole = std::numeric_limits<T>::is_integer;
  return std::string(whole ? "a whole number" : "a number") + range.text;
}

// A visitor of fields that have their default values.
class KeyLister {
 public:
  KeyLister(std::string prefix, std::vector<ConfigKeyRow>& rows)
      : prefix_(std::move(prefix)), rows_(rows) {}

  template <class T>
  void number(const ConfigKey& key, T& field, const NumberRange& range) {
    add(key, number_of<T>(range), code(ConfigWriter::text_of(field)));
  }
  void optional_number(const ConfigKey& key, int&) { add(key, number_of<int>(kAtLeastOne)); }
  void optional_count(const ConfigKey& key, int&) { add(key, number_of<int>(kAtLeastZero)); }
  void word_or_number(const ConfigKey& key, int&, const char* word) {
    add(key, code(word) + " or " + number_of<int>(kAtLeastOne), code(word));
  }
  void pair(const ConfigKey& key, std::array<double, 2>& field, const NumberRange& range) {
    add(key, std::string("two numbers") + range.text,
        code("[" + ConfigWriter::text_of(field[0]) + ", " + ConfigWriter::text_of(field[1]) + "]"));
  }
  template <class T>
  void numbers(const ConfigKey& key, std::vector<T>&, const NumberRange& range) {
    add(key, number_of<T>(range) + ", or a list of such");
  }
  void flag(const ConfigKey& key, bool& field) {
    add(key, either({"true", "false"}), code(field ? "true" : "false"));
  }
  void optional_flag(const ConfigKey& key, std::optional<bool>&) {
    add(key, either({"true", "false"}));
  }
  void word(const ConfigKey& key, std::string& field, const Words& words) {
    add(key, either(words), code(field));
  }
  void word_or_csv(const ConfigKey& key, std::string& field) {
    add(key, "a schedule's name, or a path that ends in `.csv`", code(field));
  }
  template <class E, class Choices>
  void choice(const ConfigKey& key, E& field, const Choices& choices) {
    add(key, either(names_of(choices)), code(name_of(choices, field)), sentences_of(choices));
  }
  template <class E, class Choices, class T>
  void choice_or_list(const ConfigKey& key, E& field, const Choices& choices, E listed,
                      std::vector<T>&) {
    add_with(key, field, choices, listed, "a list");
  }
  template <class E, class Choices>
  void choice_or_paths(const ConfigKey& key, E& field, const Choices& choices, E files, Words&) {
    add_with(key, field, choices, files, "a path, or a list of such");
  }
  template <class E, class Choices>
  void choice_or_path(const ConfigKey& key, E& field, const Choices& choices, std::string&) {
    Words words = names_of(choices);
    for (std::string& word : words) word = code(word);
    add(key, join(words) + " or a path", code(name_of(choices, field)), sentences_of(choices));
  }
  void name(const ConfigKey& key, std::string& field) { add(key, "a name", code(field)); }
  void path_or_usual(const ConfigKey& key, std::string&) { add(key, "a path"); }
  void path(const ConfigKey& key, std::string&) { add(key, "a path"); }
  void path_or_none(const ConfigKey& key, std::string&) {
    add(key, "a path, or `none`", code("none"));
  }
  void paths(const ConfigKey& key, Words&) { add(key, "a path, or a list of such"); }
  void mixture(const ConfigKey& key, std::vector<MixturePart>&) {
    add(key, "a list of `{path, weight}`");
  }
  void layers(const ConfigKey& key, std::vector<LayerEntry>&) { add(key, "a list of layers"); }

  template <class Struct>
  void section(const char* name, Struct& fields) {
    KeyLister lister(prefix_ + name + ".", rows_);
    visit_fields(lister, fields);
  }

 private:
  // The choice `other` has no word of its own.
  template <class E, class Choices>
  void add_with(const ConfigKey& key, E field, const Choices& choices, E other,
                const std::string& values) {
    Words words = names_of(choices);
    std::erase(words, name_of(choices, other));
    for (std::string& word : words) word = code(word);
    std::string meanings;
    for (const auto& choice : choices) {
      meanings +=
          " " + (choice.value == other ? "Else" : code(choice.name)) + ": " + choice.meaning;
    }
    add(key, join(words) + " or " + values, code(name_of(choices, field)), meanings);
  }

  template <class Choices>
  static std::string sentences_of(const Choices& choices) {
    std::string text;
    for (const auto& choice : choices) {
      text += " " + code(choice.name) + ": " + choice.meaning;
    }
    return text;
  }

  void add(const ConfigKey& key, std::string values, std::string otherwise = {},
           const std::string& more = {}) {
    const bool tells = *key.otherwise == '\0';
    std::string meaning = key.meaning + more;
    const std::string formats = prefix_ == "data." ? formats_with_option(key.name) : "";
    if (!formats.empty()) meaning += " For " + formats + ".";
    rows_.push_back({prefix_ + key.name, std::move(values),
                     tells ? std::move(otherwise) : key.otherwise, std::move(meaning)});
  }

  std::string prefix_;
  std::vector<ConfigKeyRow>& rows_;
};

}  // namespace

std::vector<ConfigKeyRow> config_keys() {
  Config defaults;
  std::vector<ConfigKeyRow> rows;
  KeyLister lister("", rows);
  visit_fields(lister, defaults);
  return rows;
}

}  // namespace pipetrain
