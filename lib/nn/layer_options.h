// The options of one layer entry, read by type; what is left unread is an error that names the
// nearest known option.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/suggest.h"
#include "base/table.h"
#include "nn/layer_option.h"
#include "nn/model_config.h"

namespace pipetrain {

class LayerOptions {
 public:
  explicit LayerOptions(const LayerEntry& entry) : entry_(entry) {}

  bool has(const std::string& key) const;
  std::string text(const std::string& key, const std::string& otherwise);
  // An integer of at least 1; `words` maps one word (such as "vocabulary") to a number.
  std::int64_t size(const std::string& key, std::int64_t otherwise);
  std::int64_t size(const std::string& key, std::int64_t otherwise, const std::string& word,
                    std::int64_t meaning);
  // A finite number above 0.
  double positive_number(const std::string& key, double otherwise);
  bool flag(const std::string& key, bool otherwise);
  // From 0 to below 1; without a default it must be given.
  double fraction(const std::string& key, std::optional<double> otherwise = {});
  // As declared. What follows from elsewhere is handed over.
  std::int64_t read(const SizeOption& option) { return size(option.name, option.otherwise); }
  std::int64_t read(const SizeOption& option, std::int64_t otherwise) {
    return size(option.name, otherwise);
  }
  double read(const NumberOption& option) { return positive_number(option.name, option.otherwise); }
  bool read(const FlagOption& option) { return flag(option.name, option.otherwise); }
  double read(const RateOption& option) {
    return option.otherwise < 0 ? fraction(option.name) : fraction(option.name, option.otherwise);
  }
  double read(const RateOption& option, double otherwise) {
    return fraction(option.name, otherwise);
  }
  template <class Value>
  Value read(const ChoiceOption<Value>& option) {
    const std::string* value = find(option.name);
    if (value == nullptr) return option.otherwise;
    if (const auto* row = find_row(option.choices, *value)) return row->value;
    fail(option.name + (" is '" + *value) + "'; expected one of " + join(names_of(option.choices)));
  }
  const std::vector<LayerEntry>& layers() const { return entry_.layers; }
  // Error(kConfiguration) if an option was given that nobody asked for.
  void finish() const;

  // "<file:line>: <kind>", for messages.
  std::string layer() const;
  // Error(kConfiguration): "<file:line>: <kind>: <reason>".
  [[noreturn]] void fail(const std::string& reason) const;

 private:
  const std::string* find(const std::string& key);

  const LayerEntry& entry_;
  std::vector<std::string> known_;
};

}  // namespace pipetrain
