// Byte-pair encoding (Sennrich, Haddow and Birch, "Neural machine translation of rare words with
// subword units", 2016): a word's characters, of which two neighbours are merged again and again,
// the pair that stands first in the list of merges before others, and of equal ones the leftmost.
// A queue of what may be merged makes it n log n.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/characters.h"
#include "text/subwords/flat_map.h"
#include "text/subwords/subword_model.h"

namespace pipetrain {
namespace {

constexpr std::int32_t kNone = -1;

struct BpeOptions {
  std::string prefix, suffix;  // of characters that do not begin a word; of the one that ends it
  std::string unknown;         // empty: what is not known is left out
  bool fuse_unknown = false, byte_fallback = false, ignore_merges = false;
};

// The merges by their pair: which one is the first in the list, and what it makes.
struct MergeTable {
  FlatMap place;                   // in `made`
  std::vector<std::int32_t> made;  // by place in the list
  static std::uint64_t pair(std::int32_t a, std::int32_t b) {
    return std::uint64_t{static_cast<std::uint32_t>(a)} << 32 | static_cast<std::uint32_t>(b);
  }
};

struct Symbol {
  std::int32_t id = kNone;  // kNone: was merged into the one before
  std::int32_t before = kNone, next = kNone;
};

// One that may be merged with the next.
struct Candidate {
  std::uint32_t place;
  std::int32_t at;
  bool operator<(const Candidate& other) const {  // the best is the greatest
    return place != other.place ? place > other.place : at > other.at;
  }
};

void merge_all(std::vector<Symbol>& word, const MergeTable& merges) {
  std::vector<Candidate> room;
  room.reserve(word.size());
  std::priority_queue<Candidate> candidates({}, std::move(room));
  const auto place_at = [&](std::int32_t at) {
    const Symbol& left = word[static_cast<std::size_t>(at)];
    if (left.id == kNone || left.next == kNone) return FlatMap::kNone;
    return merges.place.get(
        MergeTable::pair(left.id, word[static_cast<std::size_t>(left.next)].id));
  };
  const auto offer = [&](std::int32_t at) {
    const std::uint32_t place = place_at(at);
    if (place != FlatMap::kNone) candidates.push({place, at});
  };
  for (std::size_t i = 0; i < word.size(); ++i) offer(static_cast<std::int32_t>(i));
  while (!candidates.empty()) {
    const Candidate best = candidates.top();
    candidates.pop();
    // What has been merged since then gives another token, or none.
    const std::uint32_t now = place_at(best.at);
    if (now == FlatMap::kNone || merges.made[now] != merges.made[best.place]) continue;
    Symbol& left = word[static_cast<std::size_t>(best.at)];
    Symbol& right = word[static_cast<std::size_t>(left.next)];
    left.id = merges.made[best.place];
    left.next = right.next;
    right.id = kNone;
    if (left.next != kNone) word[static_cast<std::size_t>(left.next)].before = best.at;
    if (left.before != kNone) offer(left.before);
    offer(best.at);
  }
}

class Bpe final : public SubwordModel {
 public:
  Bpe(TokenTable tokens, MergeTable merges, BpeOptions options)
      : SubwordModel(std::move(tokens)),
        merges_(std::move(merges)),
        options_(std::move(options)),
        bytes_(options_.byte_fallback ? byte_tokens(this->tokens()) : std::vector<std::int32_t>()),
        unknown_(options_.unknown.empty() ? kNone : this->tokens().find(options_.unknown)) {}

  std::string_view kind() const override { return "BPE"; }

  void tokenize(std::string_view word, std::vector<std::int32_t>& ids) const override {
    if (options_.ignore_merges) {
      const std::int32_t whole = tokens().find(word);
      if (whole != kNone) {
        ids.push_back(whole);
        return;
      }
    }
    std::vector<std::int32_t> first;
    characters_of(word, first);
    std::vector<Symbol> symbols(first.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      const auto at = static_cast<std::int32_t>(i);
      symbols[i] = {first[i], at - 1, i + 1 < first.size() ? at + 1 : kNone};
    }
    merge_all(symbols, merges_);
    for (const Symbol& symbol : symbols) {
      if (symbol.id != kNone) ids.push_back(symbol.id);
    }
  }

  // No token goes across such a place, and what is unknown there is not joined.
  bool may_cut_before(std::string_view character) const override {
    const bool bytes_known =
        options_.byte_fallback && std::ranges::find(bytes_, kNone) == bytes_.end();
    if (options_.ignore_merges || !options_.prefix.empty() || !options_.suffix.empty())
      return false;
    if (!bytes_known && (options_.fuse_unknown || options_.byte_fallback)) return false;
    return std::ranges::all_of(tokens().ids(), [&](const auto& token) {
      const std::string& text = token.first;
      std::size_t at = 0;
      while (std::string_view(text).substr(at).starts_with(character)) at += character.size();
      return text.find(character, at) == std::string::npos;
    });
  }

 private:
  void characters_of(std::string_view word, std::vector<std::int32_t>& ids) const {
    std::int32_t waiting = kNone;  // the unknown token, until it is known whether another follows
    const auto settle = [&] {
      if (waiting != kNone) ids.push_back(waiting);
      waiting = kNone;
    };
    const bool plain = options_.prefix.empty() && options_.suffix.empty();
    std::string decorated;
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t start = at;
      next_character(word, at);
      std::string_view character = word.substr(start, at - start);
      if (!plain) {
        decorated = start > 0 ? options_.prefix : "";
        decorated += character;
        if (at == word.size()) decorated += options_.suffix;
        character = decorated;
      }
      const std::int32_t id = tokens().find(character);
      if (id != kNone) {
        settle();
        ids.push_back(id);
        continue;
      }
      if (options_.byte_fallback && append_bytes(character, bytes_, ids)) continue;
      if (!options_.fuse_unknown) settle();
      waiting = unknown_;
    }
    settle();
  }

  MergeTable merges_;
  BpeOptions options_;
  std::vector<std::int32_t> bytes_;
  std::int32_t unknown_;
};

// "a b" or ["a", "b"].
bool read_merge(const nlohmann::json& entry, std::string& left, std::string& right) {
  if (entry.is_array()) {
    if (entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) return false;
    left = entry[0].get<std::string>();
    right = entry[1].get<std::string>();
    return true;
  }
  if (!entry.is_string()) return false;
  const auto& both = entry.get_ref<const std::string&>();
  const std::size_t blank = both.find(' ');
  if (blank == std::string::npos || both.find(' ', blank + 1) != std::string::npos) return false;
  left = both.substr(0, blank);
  right = both.substr(blank + 1);
  return true;
}

MergeTable read_merges(JsonPart& part, const TokenTable& tokens, const std::string& prefix) {
  const nlohmann::json& entries = part.value("merges");
  if (!entries.is_array()) part.refuse("merges is no list");
  MergeTable merges;
  std::string left, right;
  for (const nlohmann::json& entry : entries) {
    const std::string name = "merge " + std::to_string(merges.made.size());
    if (entry.is_string() && entry.get_ref<const std::string&>().starts_with("#version")) continue;
    if (!read_merge(entry, left, right)) part.refuse(name + " is no pair of two tokens");
    const auto id_of = [&](const std::string& token) {
      const std::int32_t id = tokens.find(token);
      if (id != kNone) return id;
      part.refuse(std::string(name)
                      .append(" names the token '")
                      .append(token)
                      .append("', which is not in vocab"));
    };
    const std::int32_t a = id_of(left), b = id_of(right);
    if (right.size() < prefix.size()) part.refuse(name + " has a second token without the prefix");
    merges.made.push_back(id_of(left + right.substr(prefix.size())));
    merges.place.set(MergeTable::pair(a, b), static_cast<std::uint32_t>(merges.made.size() - 1));
  }
  return merges;
}

}  // namespace

std::unique_ptr<SubwordModel> read_bpe(JsonPart& part) {
  if (part.has("dropout") && part.value("dropout") != 0) {
    part.refuse("dropout is not supported: the same text would have other tokens each time");
  }
  BpeOptions options{.prefix = part.text_or("continuing_subword_prefix", ""),
                     .suffix = part.text_or("end_of_word_suffix", ""),
                     .unknown = part.text_or("unk_token", ""),
                     .fuse_unknown = part.flag_or("fuse_unk", false),
                     .byte_fallback = part.flag_or("byte_fallback", false),
                     .ignore_merges = part.flag_or("ignore_merges", false)};
  TokenTable tokens = read_vocabulary(part);
  if (!options.unknown.empty() && tokens.find(options.unknown) == kNone) {
    part.refuse("its unk_token " + options.unknown + " is not in vocab");
  }
  MergeTable merges = read_merges(part, tokens, options.prefix);
  return std::make_unique<Bpe>(std::move(tokens), std::move(merges), std::move(options));
}

}  // namespace pipetrain
