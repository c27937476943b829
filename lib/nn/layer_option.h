// The options that a layer declares: the one place of an option's name, default and meaning, for
// those who read it and for help. It must not know how options are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/markdown.h"
#include "base/table.h"

namespace pipetrain {

// A whole number of at least 1.
struct SizeOption {
  const char* name;
  const char* meaning;
  std::int64_t otherwise = 0;  // 0: it must be given, or follows from what else is known
  const char* follows = "";    // then from what, for people
  const char* words = "";      // that may stand in its place, for people
  bool from_data = false;      // it goes by the data, and the shapes of tensors tell it
};

// A number from 0 to below 1.
struct RateOption {
  const char* name;
  const char* meaning;
  double otherwise = -1;  // below 0: as of a size
  const char* follows = "";
};

// A number above 0.
struct NumberOption {
  const char* name;
  const char* meaning;
  double otherwise;          // 0: none, or it follows from what else is known
  const char* follows = "";  // then for people
};

struct FlagOption {
  const char* name;
  const char* meaning;
  bool otherwise;
};

// A word of a closed set.
template <class Value>
struct ChoiceOption {
  template <std::size_t kCount>
  constexpr ChoiceOption(const char* its_name, const char* its_meaning,
                         const Choice<Value> (&its_choices)[kCount], Value its_otherwise)
      : name(its_name), meaning(its_meaning), choices(its_choices), otherwise(its_otherwise) {}

  const char* name;
  const char* meaning;
  std::span<const Choice<Value>> choices;
  Value otherwise;
};

// An option of any kind as help shows it, in Markdown.
struct LayerOption {
  LayerOption(const SizeOption& option);
  LayerOption(const RateOption& option);
  LayerOption(const NumberOption& option);
  LayerOption(const FlagOption& option);
  template <class Value>
  LayerOption(const ChoiceOption<Value>& option)
      : name(option.name),
        values(either(names_of(option.choices))),
        otherwise(code(name_of(option.choices, option.otherwise))),
        meaning(option.meaning) {
    for (const auto& choice : option.choices) {
      meaning += " " + code(choice.name) + ": " + choice.meaning;
    }
  }

  bool operator==(const LayerOption&) const = default;

  std::string name, values, otherwise, meaning;
  bool compared = true;  // a model that goes on from a checkpoint must have it as that one does
};

}  // namespace pipetrain
