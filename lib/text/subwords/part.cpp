#include "text/subwords/part.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "text/characters.h"

namespace pipetrain {
namespace {

using nlohmann::json;

constexpr int kMostDepth = 8;           // of parts in parts
constexpr std::size_t kMostParts = 64;  // of one list

}  // namespace

JsonPart::JsonPart(const json& value, std::string name, const TokenizerPlace& place, int depth)
    : value_(&value), name_(std::move(name)), place_(&place), depth_(depth) {
  if (!value.is_object()) refuse("is no object");
  if (depth > kMostDepth) refuse("has parts in more than " + std::to_string(kMostDepth) + " parts");
}

void JsonPart::refuse(const std::string& what) const {
  const bool checkpoint = place_->code == ExitCode::kCheckpoint;
  throw Error(place_->code, (checkpoint ? "checkpoint: " : "tokenizer: ") + place_->path + ": " +
                                name_ + ": " + what);
}

bool JsonPart::has(const std::string& key) {
  asked_.insert(key);
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

const json& JsonPart::find(const std::string& key, const char* expected) {
  if (!has(key)) refuse("has no " + key + ", expected " + expected);
  return *value_->find(key);
}

const json& JsonPart::value(const std::string& key) { return find(key, "a value"); }

std::string JsonPart::text(const std::string& key) {
  const json& found = find(key, "a text");
  if (!found.is_string()) refuse(key + " is no text");
  return found.get<std::string>();
}

std::string JsonPart::short_text(const std::string& key) {
  constexpr std::size_t kMostBytes = 1024;
  std::string found = text(key);
  if (found.size() > kMostBytes) {
    refuse(key + " has more than " + std::to_string(kMostBytes) + " bytes");
  }
  return found;
}

std::string JsonPart::text_or(const std::string& key, const std::string& otherwise) {
  return has(key) ? text(key) : otherwise;
}

bool JsonPart::flag(const std::string& key) {
  const json& found = find(key, "true or false");
  if (!found.is_boolean()) refuse(key + " is neither true nor false");
  return found.get<bool>();
}

bool JsonPart::flag_or(const std::string& key, bool otherwise) {
  return has(key) ? flag(key) : otherwise;
}

std::int64_t JsonPart::number(const std::string& key, std::int64_t least, std::int64_t most) {
  const json& found = find(key, "a number");
  const bool whole = found.is_number_integer() &&
                     !(found.is_number_unsigned() && found.get<std::uint64_t>() > INT64_MAX);
  if (!whole || found.get<std::int64_t>() < least || found.get<std::int64_t>() > most) {
    refuse(key + " is no number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return found.get<std::int64_t>();
}

std::int64_t JsonPart::number_or(const std::string& key, std::int64_t least, std::int64_t most,
                                 std::int64_t otherwise) {
  return has(key) ? number(key, least, most) : otherwise;
}

JsonPart JsonPart::part(const std::string& key) {
  return {find(key, "an object"), name_ + "." + key, *place_, depth_ + 1};
}

std::vector<JsonPart> JsonPart::list(const std::string& key) {
  const json& found = find(key, "a list");
  if (!found.is_array()) refuse(key + " is no list");
  if (found.size() > kMostParts) {
    refuse(key + " has more than " + std::to_string(kMostParts) + " entries");
  }
  std::vector<JsonPart> parts;
  for (const json& entry : found) {
    parts.emplace_back(entry, name_ + "." + key + "[" + std::to_string(parts.size()) + "]", *place_,
                       depth_ + 1);
  }
  return parts;
}

std::string JsonPart::character(const std::string& key) {
  std::string found = text(key);
  if (count_characters(found) != 1) refuse(key + " is not one character");
  return found;
}

void JsonPart::finish() const {
  for (const auto& [key, value] : value_->items()) {
    if (!asked_.contains(key)) refuse("its key " + key + " is not supported");
  }
}

}  // namespace pipetrain
