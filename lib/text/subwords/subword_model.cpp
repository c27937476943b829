#include "text/subwords/subword_model.h"

#include <nlohmann/json.hpp>
#include <string>

namespace pipetrain {
namespace {

constexpr PartRow<std::unique_ptr<SubwordModel>> kModelKinds[] = {
    {"BPE", read_bpe},
    {"Unigram", read_unigram},
    {"WordPiece", read_word_piece},
};

}  // namespace

std::unique_ptr<SubwordModel> read_subword_model(JsonPart& part) {
  // Files from before 2021 do not say which model it is: BPE has merges.
  if (part.has("type")) return read_by_type(kModelKinds, part);
  if (!part.has("merges")) part.refuse("has no type");
  auto made = read_bpe(part);
  part.finish();
  return made;
}

TokenTable read_vocabulary(JsonPart& part) {
  const nlohmann::json& vocabulary = part.value("vocab");
  if (!vocabulary.is_object() || vocabulary.empty()) part.refuse("vocab is no object with tokens");
  TokenTable tokens;
  for (const auto& [text, id] : vocabulary.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMostTokens) {
      part.refuse("vocab: the id of " + text + " is no number below " +
                  std::to_string(kMostTokens));
    }
    if (!tokens.add(text, id.get<std::int32_t>())) {
      part.refuse("vocab: two tokens have the id " + std::to_string(id.get<std::int32_t>()));
    }
  }
  return tokens;
}

std::vector<std::int32_t> byte_tokens(const TokenTable& tokens) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::vector<std::int32_t> ids;
  ids.reserve(256);
  for (unsigned byte = 0; byte < 256; ++byte) {
    ids.push_back(tokens.find(std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">"));
  }
  return ids;
}

bool append_bytes(std::string_view text, const std::vector<std::int32_t>& token_of_byte,
                  std::vector<std::int32_t>& ids) {
  const auto token = [&](char c) { return token_of_byte[static_cast<unsigned char>(c)]; };
  for (const char c : text) {
    if (token(c) < 0) return false;
  }
  for (const char c : text) ids.push_back(token(c));
  return true;
}

}  // namespace pipetrain
