// The keys of a Hugging Face config.json, read by type and checked. It must not know which keys a
// family has.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/json_fields.h"

namespace pipetrain {

// Reads keys; one that is absent or null has the default of Hugging Face's configuration classes.
class HfFields {
 public:
  HfFields(const nlohmann::json& config, const std::string& file) : config_(config), file_(file) {}

  [[noreturn]] void fail(const std::string& key, const std::string& expected) const {
    const nlohmann::json* found = find(key);
    fail_checkpoint(
        file_,
        key + (found == nullptr ? " is missing" : " is " + shortened(found->dump(-1, ' ', true))) +
            "; expected " + expected);
  }

  int size(const char* key, int otherwise = 0) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr && otherwise > 0) return otherwise;
    const bool whole = value != nullptr && value->is_number_unsigned();
    constexpr int kMost = std::numeric_limits<int>::max();
    if (!whole || value->get<std::uint64_t>() < 1 || value->get<std::uint64_t>() > kMost) {
      fail(key, "a whole number from 1 to " + std::to_string(kMost));
    }
    return value->get<int>();
  }
  int natural(const char* key, int otherwise) const {  // 0, too
    const nlohmann::json* value = find(key);
    return value != nullptr && *value == 0 ? 0 : size(key, otherwise);
  }
  double number(const std::string& key, double otherwise, const char* expected,
                bool (*right)(double)) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_number() || !right(value->get<double>())) fail(key, expected);
    return value->get<double>();
  }
  double positive(const std::string& key, double otherwise) const {
    return number(key, otherwise, "a number above 0",
                  [](double x) { return std::isfinite(x) && x > 0; });
  }
  float epsilon(const char* key, double otherwise) const {
    const auto value = static_cast<float>(positive(key, otherwise));
    if (!(value > 0)) fail(key, "a number that is not 0 in float32");
    return value;
  }
  double rate(const char* key, double otherwise) const {
    return number(key, otherwise, "a rate from 0 to below 1",
                  [](double x) { return x >= 0 && x < 1; });
  }
  bool flag(const char* key, bool otherwise) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) fail(key, "true or false");
    return value->get<bool>();
  }
  std::string text(const char* key, const std::string& otherwise) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return otherwise;
    if (!value->is_string()) fail(key, "a text");
    return value->get<std::string>();
  }
  void must_be(const char* key, bool expected) const {
    if (flag(key, expected) != expected) fail(key, expected ? "true" : "false");
  }
  HfFields section(const char* key) const {  // empty if there is none
    static const nlohmann::json kNone = nlohmann::json::object();
    const nlohmann::json* value = find(key);
    if (value != nullptr && !value->is_object()) fail(key, "an object");
    return {value == nullptr ? kNone : *value, file_ + ": " + key};
  }
  const nlohmann::json* value(const std::string& key) const { return find(key); }  // or null
  bool has(const char* key) const { return find(key) != nullptr; }
  // There, and told to be nothing; classes whose default is a number tell it from being absent.
  bool is_null(const char* key) const {
    const auto found = config_.find(key);
    return found != config_.end() && found->is_null();
  }
  // right(entry) of each of so many entries; empty if there is no list.
  template <class Right>
  std::vector<bool> list(const char* key, int count, const char* expected,
                         const Right& right) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_array() || value->size() != static_cast<std::size_t>(count)) {
      fail(key, "a list of " + std::to_string(count) + " entries, one for each layer");
    }
    std::vector<bool> made;
    for (const nlohmann::json& entry : *value) {
      const std::optional<bool> answer = right(entry);
      if (!answer) fail(key, expected);
      made.push_back(*answer);
    }
    return made;
  }

 private:
  const nlohmann::json* find(const std::string& key) const {
    const auto found = config_.find(key);
    return found == config_.end() || found->is_null() ? nullptr : &*found;
  }

  const nlohmann::json& config_;
  std::string file_;
};

// The number that is written with as few digits as the float32 needs.
inline double few_digits(float number) { return std::stod(fmt::format("{}", number)); }

}  // namespace pipetrain
