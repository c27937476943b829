#include "text/subwords/load_tokenizer.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "base/lfs_pointer.h"
#include "base/table.h"
#include "text/number_tokenizer.h"
#include "text/subwords/subword_reader.h"
#include "text/unit_tokenizer.h"

namespace pipetrain {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

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

constexpr std::uintmax_t kMostFileBytes = std::uintmax_t{256} << 20;

json parsed(std::string_view text, const TokenizerPlace& place) {
  json tokenizer = parsed_json(text);
  if (tokenizer.is_discarded()) refuse(place, json_fault(text));
  return tokenizer;
}

// Of the file beside it, which need not be there: the text is empty then.
json parsed_config(std::string_view text, const TokenizerPlace& place) {
  if (text.empty()) return {};
  json config = parsed_json(text);
  if (config.is_object()) return config;
  refuse(place, "the tokenizer_config.json beside it " +
                    json_fault(text, "is no JSON object, or was cut short"));
}

std::string text_of(const fs::path& path, const TokenizerPlace& place) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error)
    refuse(place, error.message() + "; expected a tokenizer.json or a folder that has one");
  if (size > kMostFileBytes) refuse(place, "has more than 256 MiB");
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Error(place.code, "tokenizer: " + system_reason(path.string()));
  if (const std::string pointer = lfs_pointer_reason(text); !pointer.empty()) {
    refuse(place, pointer);
  }
  return text;
}

// A tokenizer.json, and the tokenizer_config.json beside it if there is one.
struct TokenizerText {
  explicit TokenizerText(const fs::path& named) {
    const fs::path file = fs::is_directory(named) ? named / "tokenizer.json" : named;
    const fs::path beside = file.parent_path() / "tokenizer_config.json";
    const fs::path templates = file.parent_path() / "chat_template.jinja";
    place.path = file.string();
    json = text_of(file, place);
    if (fs::exists(beside)) config = text_of(beside, {beside.string()});
    if (fs::exists(templates)) chat_template = text_of(templates, {templates.string()});
  }

  TokenizerPlace place;
  std::string json, config, chat_template;
};

// A text, or a list of named ones, of which "default" is for messages.
std::string chat_template_in(const json& config) {
  const json entry = config.is_object() ? config.value(kChatTemplate, json()) : json();
  if (entry.is_string()) return entry;
  if (!entry.is_array()) return {};
  for (const json& named : entry) {
    if (!named.is_object() || named.value("name", json()) != "default") continue;
    const json text = named.value("template", json());
    if (text.is_string()) return text;
  }
  return {};
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

std::unique_ptr<Tokenizer> read_description(json tokenizer, const TokenizerPlace& place,
                                            std::int64_t vocabulary, std::string_view config) {
  if (is_of_others(tokenizer)) {
    json ends = parsed_config(config, place);
    if (tokenizer.contains(kEndsOfText)) {
      if (config.empty()) ends = tokenizer[kEndsOfText];
      tokenizer.erase(kEndsOfText);
    }
    return read_subwords(tokenizer, ends, place);
  }
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

json file_in(const TokenizerText& found) {
  json tokenizer = parsed(found.json, found.place);
  const json config = parsed_config(found.config, found.place);
  if (!is_of_others(tokenizer)) return tokenizer;
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                           "cls_token", "mask_token"}) {
    if (config.is_object() && config.contains(name)) tokenizer[kEndsOfText][name] = config[name];
  }
  const std::string chat =
      found.chat_template.empty() ? chat_template_in(config) : found.chat_template;
  if (!chat.empty()) tokenizer[kEndsOfText][kChatTemplate] = chat;
  return tokenizer;
}

}  // namespace

std::unique_ptr<Tokenizer> read_tokenizer(std::string_view text, const TokenizerPlace& place,
                                          std::int64_t vocabulary, std::string_view config) {
  return read_description(parsed(text, place), place, vocabulary, config);
}

std::unique_ptr<Tokenizer> make_tokenizer(json file, const TokenizerPlace& place,
                                          std::int64_t vocabulary) {
  return read_description(std::move(file), place, vocabulary, {});
}

json load_tokenizer_file(const std::string& path) { return file_in(TokenizerText(path)); }

LoadedTokenizer load_tokenizer(const std::string& path) {
  const TokenizerText found(path);
  json file = file_in(found);
  std::unique_ptr<Tokenizer> tokenizer = read_description(file, found.place, 0, found.config);
  return {std::move(file), std::move(tokenizer)};
}

KeptTokenizer read_kept_tokenizer(std::string_view text, const TokenizerPlace& place,
                                  std::int64_t vocabulary) {
  json file = parsed(text, place);
  const bool says = file.is_object() && file.contains(kEndsOfText);
  std::string chat_template = says ? chat_template_in(file[kEndsOfText]) : "";
  return {make_tokenizer(std::move(file), place, vocabulary), std::move(chat_template)};
}

}  // namespace pipetrain
