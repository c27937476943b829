#include "nn/layer_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kMostSize = std::int64_t{1} << 24;  // so that products of sizes fit

}  // namespace

bool LayerOptions::has(const std::string& key) const {
  return std::any_of(entry_.options.begin(), entry_.options.end(),
                     [&](const auto& option) { return option.first == key; });
}

const std::string* LayerOptions::find(const std::string& key) {
  known_.push_back(key);
  for (const auto& [name, value] : entry_.options) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string LayerOptions::text(const std::string& key, const std::string& otherwise) {
  const std::string* value = find(key);
  return value == nullptr ? otherwise : *value;
}

std::int64_t LayerOptions::size(const std::string& key, std::int64_t otherwise) {
  return size(key, otherwise, "", 0);
}

std::int64_t LayerOptions::size(const std::string& key, std::int64_t otherwise,
                                const std::string& word, std::int64_t meaning) {
  const std::string* value = find(key);
  std::int64_t number = otherwise;
  if (value != nullptr) {
    if (!word.empty() && *value == word) return meaning;
    number = parse_number<std::int64_t>(*value).value_or(0);
    if (number < 1 || number > kMostSize) {
      fail(key + " is '" + *value + "'; expected a whole number of at least 1" +
           (number > kMostSize ? " and at most " + std::to_string(kMostSize) : "") +
           (word.empty() ? "" : ", or '" + word + "'"));
    }
  } else if (otherwise < 1) {
    std::vector<std::string> given;
    for (const auto& [name, text] : entry_.options) given.push_back("'" + name + "'");
    fail("needs '" + key + "'" + (given.empty() ? "" : ", found only " + join(given)));
  }
  return number;
}

double LayerOptions::positive_number(const std::string& key, double otherwise) {
  const std::string* value = find(key);
  if (value == nullptr) return otherwise;
  const double number = parse_number<double>(*value).value_or(0);
  if (number <= 0) fail(key + " is '" + *value + "'; expected a number above 0");
  return number;
}

bool LayerOptions::flag(const std::string& key, bool otherwise) {
  const std::string* value = find(key);
  if (value == nullptr) return otherwise;
  if (*value != "true" && *value != "false") {
    fail(key + " is '" + *value + "'; expected true or false");
  }
  return *value == "true";
}

double LayerOptions::fraction(const std::string& key, std::optional<double> otherwise) {
  const std::string* value = find(key);
  if (value == nullptr && otherwise) return *otherwise;
  if (value == nullptr) fail("needs '" + key + "'");
  const double number = parse_number<double>(*value).value_or(-1);
  if (number < 0 || number >= 1) {
    fail(key + " is '" + *value + "'; expected a number from 0 to below 1");
  }
  return number;
}

void LayerOptions::finish() const {
  for (const auto& [name, value] : entry_.options) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    fail(known_.empty()
             ? "takes no options, found '" + name + "'"
             : "unknown option '" + name + "'; did you mean '" + nearest_word(name, known_) + "'?");
  }
}

std::string LayerOptions::layer() const {
  return (entry_.where.empty() ? "model" : entry_.where) + ": " + entry_.kind;
}

void LayerOptions::fail(const std::string& reason) const {
  throw Error(ExitCode::kConfiguration, layer() + ": " + reason);
}

}  // namespace pipetrain
