// A YAML document as a plain tree in which every value knows where it was written. It must not know
// which keys exist. It stands between the parser and the reader so that hostile input (deep
// nesting, aliases that multiply) is met once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

struct YamlEntry;

// Keys "x-..." of the root are for anchors that other keys use, and mean nothing themselves.
inline bool is_anchor_key(std::string_view key) { return key.starts_with("x-"); }

struct YamlValue {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string text;          // of a scalar
  std::string where;         // "model.yaml:12" or "--set train.steps"
  bool from_option = false;  // paths in it are relative to the working directory
  std::vector<YamlValue> list;
  std::vector<YamlEntry> map;  // in the order of the file; keys are unique

  const YamlValue* find(std::string_view key) const;
  std::string found() const;  // "'twelve'", "a list": for messages; one line, shortened
};

struct YamlEntry {
  std::string key;
  YamlValue value;
};

// Error(kConfiguration): what is wrong, and in which file or at which key.
[[noreturn]] void fail_at(const std::string& where, const std::string& what);

// Text in one line of at most 60 characters between quotes, control characters as '?'.
std::string in_quotes(std::string_view text);

// The tree of a file, `<<` resolved; Error(kConfiguration) where it cannot be read or parsed, or
// has keys twice.
YamlValue read_yaml_file(const std::string& path);

// Puts the value of "key.path=value" into the tree, in place of what is there.
void apply_override(YamlValue& root, const std::string& setting);

}  // namespace pipetrain
