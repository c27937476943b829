// A part of a tokenizer.json while it is read, strictly: each key is asked for by name and kind,
// and what nobody has asked for is refused, since what is not understood would change the ids. It
// must not know what the parts do.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "text/subwords/load_tokenizer.h"

namespace pipetrain {

class JsonPart {
 public:
  // `name` is what messages call it: "pre_tokenizer". All that it refers to must outlive it.
  JsonPart(const nlohmann::json& value, std::string name, const TokenizerPlace& place,
           int depth = 0);

  [[noreturn]] void refuse(const std::string& what) const;
  const std::string& name() const { return name_; }

  std::string kind() { return text("type"); }
  bool has(const std::string& key);  // it is there and not null
  std::string text(const std::string& key);
  std::string short_text(const std::string& key);  // what is put into texts again and again
  std::string text_or(const std::string& key, const std::string& otherwise);
  bool flag_or(const std::string& key, bool otherwise);
  bool flag(const std::string& key);
  std::int64_t number(const std::string& key, std::int64_t least, std::int64_t most);
  std::int64_t number_or(const std::string& key, std::int64_t least, std::int64_t most,
                         std::int64_t otherwise);
  const nlohmann::json& value(const std::string& key);  // of any kind
  JsonPart part(const std::string& key);
  std::vector<JsonPart> list(const std::string& key);  // of objects
  // One of a list that may be long.
  JsonPart entry(const nlohmann::json& value, const std::string& name) const {
    return {value, name, *place_, depth_ + 1};
  }
  // A text of one character.
  std::string character(const std::string& key);
  // Is of no effect on ids or text here.
  void ignore(const std::string& key) { asked_.insert(key); }
  void finish() const;  // refuses the keys that nobody asked for

 private:
  const nlohmann::json& find(const std::string& key, const char* expected);

  const nlohmann::json* value_;
  std::string name_;
  const TokenizerPlace* place_;
  int depth_;
  std::set<std::string> asked_;
};

// A row of a table of the parts of one sort: the "type" in the file, and what reads the rest.
template <class Made>
struct PartRow {
  std::string_view name;
  Made (*read)(JsonPart& part);
};

// By the table's row of the part's type.
template <class Rows>
auto read_by_type(const Rows& rows, JsonPart& part) {
  const std::string type = part.kind();
  std::string known;
  for (const auto& row : rows) {
    if (row.name == type) {
      auto made = row.read(part);
      part.finish();
      return made;
    }
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  part.refuse("its type " + type + " is not supported; supported are " + known);
}

}  // namespace pipetrain
