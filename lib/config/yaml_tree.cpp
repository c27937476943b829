#include "config/yaml_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/number.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr int kMaxDepth = 32;
constexpr int kMaxValues = 100'000;
constexpr std::size_t kMaxTextBytes = 2 * kMaxBytes;  // an escape may be shorter than what it means

// A text that means a truth value or a number to YAML's core schema (yaml.org/spec/1.2.2, section
// 10.3.2), written as everyone reads it: True, +6, 0x1f and 0o17 become true, 6, 31 and 15.
std::string resolved(const std::string& text) {
  if (text == "True" || text == "TRUE") return "true";
  if (text == "False" || text == "FALSE") return "false";
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 10;
  if (base != 10 && text[2] != '-') {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 2, end, number, base);
    if (error == std::errc() && stop == end) return std::to_string(number);
  }
  const bool signed_number = text.starts_with('+') && parse_number<double>(text.substr(1));
  return signed_number && text[1] != '-' ? text.substr(1) : text;
}

// Turns parsed nodes into values. Aliases are followed, so the counts bound what they multiply to.
class Converter {
 public:
  Converter(std::string name, bool from_option)
      : name_(std::move(name)), from_option_(from_option) {}

  YamlValue convert(const YAML::Node& node, const std::string& where, int depth) {
    if (depth > kMaxDepth) {
      fail_at(where, "nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    if (++values_ > kMaxValues) {
      fail_at(where, "more than " + std::to_string(kMaxValues) + " values (aliases counted)");
    }
    YamlValue value;
    value.where = where;
    value.from_option = from_option_;
    if (node.IsScalar()) {
      value.kind = YamlValue::Kind::kScalar;
      value.text = counted(node.Scalar(), where);
      if (node.Tag() == "?") value.text = resolved(value.text);  // neither in quotes nor tagged
    } else if (node.IsSequence()) {
      value.kind = YamlValue::Kind::kList;
      for (const YAML::Node& item : node) {
        value.list.push_back(convert(item, where_of(item, where), depth + 1));
      }
    } else if (node.IsMap()) {
      value.kind = YamlValue::Kind::kMap;
      convert_map(node, where, depth, value.map);
    }
    return value;
  }

  std::string where_of(const YAML::Node& node, const std::string& otherwise) const {
    if (from_option_ || node.Mark().is_null()) return otherwise;
    return name_ + ":" + std::to_string(node.Mark().line + 1);
  }

 private:
  const std::string& counted(const std::string& text, const std::string& where) {
    text_bytes_ += text.size();
    if (text_bytes_ > kMaxTextBytes) fail_at(where, "more than 2 MiB of text (aliases counted)");
    return text;
  }

  void convert_map(const YAML::Node& node, const std::string& where, int depth,
                   std::vector<YamlEntry>& entries) {
    std::set<std::string> seen;
    YamlValue merged;
    for (const auto& pair : node) {
      const std::string key_where = where_of(pair.first, where);
      if (!pair.first.IsScalar()) fail_at(key_where, "a key must be a single word");
      const std::string& key = counted(pair.first.Scalar(), key_where);
      if (!seen.insert(key).second) fail_at(key_where, "key " + in_quotes(key) + " is given twice");
      YamlValue value = convert(pair.second, key_where, depth + 1);
      if (key == "<<") {
        merged = std::move(value);
      } else {
        entries.push_back({key, std::move(value)});
      }
    }
    if (seen.contains("<<")) merge(merged, seen, entries);
  }

  // The keys of one map or of several that are not given already (yaml.org/type/merge.html).
  static void merge(YamlValue& value, std::set<std::string>& seen,
                    std::vector<YamlEntry>& entries) {
    if (value.kind == YamlValue::Kind::kList) {
      for (YamlValue& item : value.list) merge(item, seen, entries);
      return;
    }
    if (value.kind != YamlValue::Kind::kMap) {
      fail_at(value.where, "<< takes keys and values or a list of such, found " + value.found());
    }
    for (YamlEntry& entry : value.map) {
      if (seen.insert(entry.key).second) entries.push_back(std::move(entry));
    }
  }

  std::string name_;
  bool from_option_;
  int values_ = 0;
  std::size_t text_bytes_ = 0;
};

YamlValue parse(const std::string& text, const std::string& name, bool from_option) {
  const std::string start = from_option ? name : name + ":1";
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) fail_at(name, "has several YAML documents, expected one");
    Converter converter(name, from_option);
    return converter.convert(documents.empty() ? YAML::Node() : documents[0], start, 0);
  } catch (const YAML::Exception& error) {
    std::string where = name;
    if (!from_option && !error.mark.is_null()) where += ":" + std::to_string(error.mark.line + 1);
    fail_at(where, "not valid YAML: " + error.msg);
  }
}

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (!file) fail_at("configuration", system_reason(path));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && errno != 0))
    fail_at("configuration", system_reason(path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxBytes) fail_at(path, "larger than 1 MiB, not a configuration");
  return text;
}

}  // namespace

void fail_at(const std::string& where, const std::string& what) {
  throw Error(ExitCode::kConfiguration, where + ": " + what);
}

const YamlValue* YamlValue::find(std::string_view key) const {
  const auto entry = std::ranges::find(map, key, &YamlEntry::key);
  return entry == map.end() ? nullptr : &entry->value;
}

std::string YamlValue::found() const {
  switch (kind) {
    case Kind::kNull: return "nothing";
    case Kind::kScalar: return in_quotes(text);
    case Kind::kList: return "a list";
    case Kind::kMap: return "keys and values";
  }
  return {};
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMax = 60;
  std::string line(text.substr(0, kMax));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + line + (text.size() > kMax ? "...'" : "'");
}

YamlValue read_yaml_file(const std::string& path) { return parse(read_file(path), path, false); }

void apply_override(YamlValue& root, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    fail_at("--set " + in_quotes(setting), "expected key.path=value");
  }
  const std::string path = setting.substr(0, equals);
  const std::string where = "--set " + path;
  if (setting.size() > kMaxBytes) fail_at(where, "larger than 1 MiB");
  if (is_anchor_key(path)) {
    fail_at(where, "keys that begin with x- are only for anchors; set the key that uses it");
  }
  YamlValue* at = &root;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string key = path.substr(begin, end - begin);
    if (key.empty()) fail_at(where, "expected key.path=value, found an empty key");
    if (at->kind == YamlValue::Kind::kNull) at->kind = YamlValue::Kind::kMap;
    if (at->kind != YamlValue::Kind::kMap) {
      fail_at(where, in_quotes(key) + " lies below " + at->found() + " (" + at->where +
                         "), not a section");
    }
    auto entry = std::ranges::find(at->map, key, &YamlEntry::key);
    if (entry == at->map.end()) {
      at->map.push_back({key, {}});
      entry = std::prev(at->map.end());
      entry->value.where = where;
    }
    at = &entry->value;
    begin = end + 1;
  }
  const std::string value = setting.substr(equals + 1);
  if (value.starts_with('*')) {  // a glob: one line of YAML has no anchor that this could name
    *at = {.kind = YamlValue::Kind::kScalar, .text = value, .where = where, .from_option = true};
    return;
  }
  *at = parse(value, where, true);
}

}  // namespace pipetrain
