#include "text/subwords/load_tokenizer.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/table.h"
#include "text/number_tokenizer.h"
#include "text/unit_tokenizer.h"

namespace pipetrain {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const TokenizerPlace& place, const std::string& what) {
  const bool checkpoint = place.code == ExitCode::kCheckpoint;
  throw Error(place.code, (checkpoint ? "checkpoint: " : "tokenizer: ") + place.path + ": " + what);
}

// A unit of a vocabulary: text, a byte, or several.
bool read_unit(const json& entry, std::string& unit) {
  unit.clear();
  if (entry.is_string()) {
    unit = entry.get<std::string>();
    return true;
  }
  const json bytes = entry.is_array() ? entry : json::array({entry});
  for (const json& byte : bytes) {
    if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) return false;
    unit += static_cast<char>(byte.get<unsigned char>());
  }
  return !unit.empty();
}

std::unique_ptr<Tokenizer> read_units(const json& tokenizer, TokenizerKind kind,
                                      const TokenizerPlace& place) {
  std::vector<std::string> units;
  if (kind == TokenizerKind::kBytes) {
    for (int byte = 0; byte < 256; ++byte) units.emplace_back(1, static_cast<char>(byte));
    return std::make_unique<UnitTokenizer>(kind, std::move(units), 0);
  }
  const json vocabulary = tokenizer.value("vocabulary", json());
  if (!vocabulary.is_array() || vocabulary.empty()) refuse(place, "has no vocabulary");
  for (const json& entry : vocabulary) {
    if (!read_unit(entry, units.emplace_back())) {
      refuse(place, "its vocabulary has an entry of no text");
    }
  }
  const json unknown = tokenizer.value("unknown", json(0U));
  if (!unknown.is_number_unsigned() || unknown.get<std::uint64_t>() >= units.size()) {
    refuse(place, "its unknown token is not in the vocabulary");
  }
  return std::make_unique<UnitTokenizer>(kind, std::move(units), unknown.get<std::int32_t>());
}

}  // namespace

std::unique_ptr<Tokenizer> read_tokenizer(std::string_view text, const TokenizerPlace& place,
                                          std::int64_t vocabulary) {
  const json tokenizer = json::parse(text, nullptr, false);
  if (!tokenizer.is_object() || !tokenizer.contains("type") || !tokenizer["type"].is_string()) {
    refuse(place, "is not the description of a tokenizer");
  }
  const std::string type = tokenizer["type"];
  if (const auto* known = find_row(kTokenizers, type)) {
    return read_units(tokenizer, known->value, place);
  }
  // What their documents begin with: <|endoftext|>, <|begin_of_text|>.
  const std::int32_t start = type == "gpt2" ? 50256 : type == "llama3" ? 128000 : 0;
  return std::make_unique<NumberTokenizer>(vocabulary, start);
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::string& path) {
  const bool folder = std::filesystem::is_directory(path);
  const std::string file = folder ? path + "/tokenizer.json" : path;
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw Error(ExitCode::kData, "tokenizer: " + system_reason(file));
  return read_tokenizer(text, {file});
}

}  // namespace pipetrain
