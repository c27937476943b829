#include "text/subwords/added_tokens.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "text/characters.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMostAdded = 100'000, kMostTokenBytes = 1024;  // of all; of one

AddedToken read_added_token(JsonPart& part) {
  AddedToken token{.content = part.text("content"),
                   .id = static_cast<std::int32_t>(part.number("id", 0, kMostTokens - 1)),
                   .special = part.flag_or("special", false),
                   .single_word = part.flag_or("single_word", false),
                   .strip_left = part.flag_or("lstrip", false),
                   .strip_right = part.flag_or("rstrip", false)};
  token.normalized = part.flag_or("normalized", !token.special);
  part.finish();
  if (token.content.size() > kMostTokenBytes) {
    part.refuse("its content has more than " + std::to_string(kMostTokenBytes) + " bytes");
  }
  return token;
}

// The id that the library gives it: the model's for the same text, else the next free one.
std::int32_t expected_id(const AddedToken& token, const TokenTable& model, std::int32_t most) {
  const std::int32_t known = model.find(token.content);
  if (known >= 0) return known;
  return std::max(static_cast<std::int32_t>(model.size()), most + 1);
}

std::size_t spaces_at_start(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size() && is_white_space(next_character(text, at));) end = at;
  return end;
}

std::size_t spaces_at_end(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0) {
    const std::size_t start = previous_character(text, begin);
    std::size_t at = start;
    if (!is_white_space(next_character(text, at))) break;
    begin = start;
  }
  return begin;
}

}  // namespace

AddedTokens::AddedTokens(JsonPart& file, const TokenTable& model, const Normalizers& normalizers)
    : word_("[" + std::string(kWordSet) + "]") {
  const bool there = file.has("added_tokens");
  const nlohmann::json none = nlohmann::json::array();
  const nlohmann::json& entries = there ? file.value("added_tokens") : none;
  if (!entries.is_array()) file.refuse("added_tokens is no list");
  if (entries.size() > kMostAdded) {
    file.refuse("added_tokens has more than " + std::to_string(kMostAdded) + " tokens");
  }
  TokenTable seen;
  std::int32_t most = -1;
  end_ = model.end();
  for (const nlohmann::json& entry : entries) {
    JsonPart part = file.entry(entry, "added_tokens[" + std::to_string(tokens_.size()) + "]");
    AddedToken token = read_added_token(part);
    const std::int32_t expected = expected_id(token, model, most);
    if (token.id != expected) {
      part.refuse("'" + token.content + "' has the id " + std::to_string(token.id) + ", expected " +
                  std::to_string(expected));
    }
    if (!seen.add(token.content, token.id)) part.refuse("'" + token.content + "' is there twice");
    most = std::max(most, token.id);
    end_ = std::max(end_, token.id + 1);
    tokens_.push_back(std::move(token));
  }
  place_.assign(static_cast<std::size_t>(end_), -1);
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const AddedToken& token = tokens_[i];
    place_[static_cast<std::size_t>(token.id)] = static_cast<std::int32_t>(i);
    if (token.content.empty()) continue;
    std::string content = token.content;
    if (token.normalized) normalize(normalizers, content);
    (token.normalized ? after_ : before_).add(content, static_cast<std::int32_t>(i));
  }
}

const AddedToken* AddedTokens::find(std::int32_t id) const {
  const std::int32_t place = id >= 0 && id < end_ ? place_[static_cast<std::size_t>(id)] : -1;
  return place < 0 ? nullptr : &tokens_[static_cast<std::size_t>(place)];
}

std::optional<std::int32_t> AddedTokens::special(std::string_view content) const {
  for (const AddedToken& token : tokens_) {
    if (token.special && token.content == content) return token.id;
  }
  return std::nullopt;
}

// The leftmost, and of those that begin there the longest.
bool AddedTokens::find_next(std::string_view text, bool normalized, std::size_t from,
                            Match& match) const {
  const ByteTrie& trie = normalized ? after_ : before_;
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!trie.begins_with(text[at])) continue;
    match = {at, at, nullptr};
    trie.for_each_prefix(text.substr(at), [&](std::size_t length, std::int32_t place) {
      match.end = at + length;
      match.token = &tokens_[static_cast<std::size_t>(place)];
    });
    if (match.token != nullptr) return true;
  }
  return false;
}

bool AddedTokens::stands_alone(std::string_view text, const Match& match) const {
  const auto is_word = [&](std::size_t begin) {
    std::size_t end = begin, ignored = 0;
    next_character(text, end);
    return Pattern::Matches(word_, text.substr(begin, end - begin)).next(ignored, ignored);
  };
  if (match.begin > 0 && is_word(previous_character(text, match.begin))) return false;
  return match.end == text.size() || !is_word(match.end);
}

std::vector<AddedTokens::Stretch> AddedTokens::cut(std::string_view text, bool normalized) const {
  std::vector<Stretch> parts;
  if ((normalized ? after_ : before_).empty()) {
    if (!text.empty()) parts.push_back({text});
    return parts;
  }
  std::size_t done = 0, from = 0;
  for (Match match{}; find_next(text, normalized, from, match);) {
    from = match.end;
    const AddedToken& token = *match.token;
    if (token.single_word && !stands_alone(text, match)) continue;
    if (token.strip_left) match.begin = std::max(spaces_at_end(text.substr(0, match.begin)), done);
    if (token.strip_right) match.end += spaces_at_start(text.substr(match.end));
    if (match.begin > done) parts.push_back({text.substr(done, match.begin - done)});
    parts.push_back({text.substr(match.begin, match.end - match.begin), token.id});
    done = match.end;
  }
  if (done < text.size()) parts.push_back({text.substr(done)});
  return parts;
}

}  // namespace pipetrain
