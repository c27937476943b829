// Options written into an entry of a list of layers, as their declarations say. What the entry says
// already, by itself or by an option's default, is left as it is.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <concepts>
#include <string>

#include "base/table.h"
#include "nn/layer_option.h"
#include "nn/layer_options.h"
#include "nn/model_config.h"

namespace pipetrain {

class OptionWriter {
 public:
  explicit OptionWriter(LayerEntry& entry) : entry_(entry) {}

  void write(const FlagOption& option, bool value) {
    if (said().read(option) != value) set(option.name, value ? "true" : "false");
  }
  template <class Value>
  void write(const ChoiceOption<Value>& option, Value value) {
    if (said().read(option) != value) set(option.name, name_of(option.choices, value));
  }
  // With as few digits as its type needs.
  template <std::floating_point Number>
  void write(const NumberOption& option, Number value) {
    if (static_cast<Number>(said().read(option)) != value) {
      set(option.name, fmt::format("{}", value));
    }
  }
  // `otherwise` is what the rate is where it is left out.
  void write(const RateOption& option, double value, double otherwise) {
    if (said().read(option, otherwise) != value) set(option.name, fmt::format("{}", value));
  }
  // A number, or a word in its place.
  void write(const SizeOption& option, const std::string& value) {
    if (said().text(option.name, "") != value) set(option.name, value);
  }

  bool changed() const { return changed_; }  // the entry, by any of these

 private:
  LayerOptions said() const { return LayerOptions(entry_); }
  void set(const std::string& name, const std::string& value);

  LayerEntry& entry_;
  bool changed_ = false;
};

}  // namespace pipetrain
