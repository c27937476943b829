#include "text/subwords/post_processors.h"

#include <nlohmann/json.hpp>
#include <string>

#include "text/subwords/token_table.h"

namespace pipetrain {
namespace {

using nlohmann::json;

std::int32_t id_of(const JsonPart& part, const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kMostTokens) {
    part.refuse("a special token has no id below " + std::to_string(kMostTokens));
  }
  return value.get<std::int32_t>();
}

// {"SpecialToken": {"id": "<s>", "type_id": 0}} stands for the ids that special_tokens lists.
void append_special(JsonPart& part, const json& name, std::vector<std::int32_t>& ids) {
  JsonPart tokens = part.part("special_tokens");
  if (!name.is_string() || !tokens.has(name.get<std::string>())) {
    part.refuse("single names a token that special_tokens does not have");
  }
  const std::string text = name.get<std::string>();
  const json& all = tokens.value(text);
  if (!all.is_object() || !all.contains("ids") || !all["ids"].is_array()) {
    part.refuse("special_tokens: " + text + " has no ids");
  }
  for (const json& id : all["ids"]) ids.push_back(id_of(part, id));
}

AroundText read_template(JsonPart& part) {
  AroundText around;
  bool text_seen = false;
  for (JsonPart& piece : part.list("single")) {
    const bool special = piece.has("SpecialToken");
    const json& what = piece.value(special ? "SpecialToken" : "Sequence");
    piece.finish();
    const json name = what.is_object() && what.contains("id") ? what["id"] : json();
    if (special) {
      append_special(part, name, text_seen ? around.after : around.before);
    } else if (name != "A" || text_seen) {
      part.refuse("single does not have the sequence A once");
    } else {
      text_seen = true;
    }
  }
  if (!text_seen) part.refuse("single does not have the sequence A once");
  part.ignore("pair");  // of two texts at once
  part.ignore("special_tokens");
  return around;
}

// BERT's and RoBERTa's: one token before, one after; "cls": ["[CLS]", 101].
AroundText read_pair(JsonPart& part) {
  const auto id = [&](const char* key) {
    const json& pair = part.value(key);
    if (!pair.is_array() || pair.size() != 2)
      part.refuse(std::string(key) + " is no token with its id");
    return id_of(part, pair[1]);
  };
  part.ignore("trim_offsets");
  part.ignore("add_prefix_space");
  return {{id("cls")}, {id("sep")}};
}

AroundText read_nothing(JsonPart& part) {
  for (const char* key : {"add_prefix_space", "trim_offsets", "use_regex"}) part.ignore(key);
  return {};
}

AroundText post_processor_sequence(JsonPart& part) {
  AroundText all;
  for (JsonPart& inner : part.list("processors")) {
    const AroundText next = read_post_processors(inner);
    all.before.insert(all.before.begin(), next.before.begin(), next.before.end());
    all.after.insert(all.after.end(), next.after.begin(), next.after.end());
  }
  return all;
}

constexpr PartRow<AroundText> kPostProcessorKinds[] = {
    {"TemplateProcessing", read_template}, {"BertProcessing", read_pair},
    {"RobertaProcessing", read_pair},      {"ByteLevel", read_nothing},
    {"Sequence", post_processor_sequence},
};

}  // namespace

AroundText read_post_processors(JsonPart& part) { return read_by_type(kPostProcessorKinds, part); }

}  // namespace pipetrain
