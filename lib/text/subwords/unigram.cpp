// Unigram language model (Kudo, "Subword regularization", 2018): of all ways to cut a word into
// tokens the one whose scores, logarithms of probabilities, have the largest sum.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/characters.h"
#include "text/subwords/byte_trie.h"
#include "text/subwords/subword_model.h"

namespace pipetrain {
namespace {

constexpr double kUnknownPenalty = 10;    // below the least score
constexpr std::size_t kMostBytes = 1024;  // of a token

class Unigram final : public SubwordModel {
 public:
  Unigram(TokenTable tokens, std::vector<double> scores, std::int32_t unknown, bool byte_fallback)
      : SubwordModel(std::move(tokens)),
        scores_(std::move(scores)),
        unknown_(unknown),
        bytes_(byte_fallback ? byte_tokens(this->tokens()) : std::vector<std::int32_t>(256, -1)) {
    for (const auto& [text, id] : this->tokens().ids()) trie_.add(text, id);
    unknown_score_ = *std::ranges::min_element(scores_) - kUnknownPenalty;
  }

  std::string_view kind() const override { return "Unigram"; }

  void tokenize(std::string_view word, std::vector<std::int32_t>& ids) const override {
    const std::vector<Node> best = best_paths(word);
    // From the end to the start, unknown neighbours as one.
    std::vector<std::string_view> parts;
    std::size_t unknown_end = 0;  // of a run of them, while it lasts
    for (std::size_t end = word.size(); end > 0;) {
      const Node& node = best[end];
      const bool unknown = node.id == unknown_;
      if (unknown && unknown_end > 0) {
        parts.back() = word.substr(node.start, unknown_end - node.start);
      } else {
        parts.push_back(word.substr(node.start, end - node.start));
      }
      unknown_end = !unknown ? 0 : unknown_end > 0 ? unknown_end : end;
      end = node.start;
    }
    for (std::size_t i = parts.size(); i-- > 0;) {
      const std::int32_t id = tokens().find(parts[i]);
      if (id >= 0) {
        ids.push_back(id);
      } else if (!append_bytes(parts[i], bytes_, ids)) {
        ids.push_back(unknown_);
      }
    }
  }

 private:
  struct Node {  // of the best way to what ends here
    double score = 0;
    std::size_t start = kNowhere;  // where its last token begins
    std::int32_t id = -1;
  };
  static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

  std::vector<Node> best_paths(std::string_view word) const {
    std::vector<Node> best(word.size() + 1);
    const auto offer = [&](std::size_t start, std::size_t end, double score, std::int32_t id) {
      Node& node = best[end];
      const double sum = best[start].score + score;
      if (node.start == kNowhere || sum > node.score) node = {sum, start, id};
    };
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t start = at;
      next_character(word, at);
      bool alone = false;  // the character is a token
      trie_.for_each_prefix(word.substr(start), [&](std::size_t length, std::int32_t id) {
        offer(start, start + length, scores_[static_cast<std::size_t>(id)], id);
        alone = alone || length == at - start;
      });
      if (!alone) offer(start, at, unknown_score_, unknown_);
    }
    return best;
  }

  std::vector<double> scores_;  // by id
  std::int32_t unknown_;
  double unknown_score_ = 0;
  std::vector<std::int32_t> bytes_;
  ByteTrie trie_;
};

}  // namespace

std::unique_ptr<SubwordModel> read_unigram(JsonPart& part) {
  const nlohmann::json& entries = part.value("vocab");
  if (!entries.is_array() || entries.empty() || entries.size() > kMostTokens) {
    part.refuse("vocab is no list of tokens with their scores");
  }
  TokenTable tokens;
  std::vector<double> scores;
  for (const nlohmann::json& entry : entries) {
    const std::string name = "vocab: entry " + std::to_string(scores.size());
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      part.refuse(name + " is no token with its score");
    }
    const auto& text = entry[0].get_ref<const std::string&>();
    scores.push_back(entry[1].get<double>());
    if (!std::isfinite(scores.back()) || text.empty() || text.size() > kMostBytes) {
      part.refuse(name + " is empty, too long or has no score");
    }
    if (!tokens.add(text, static_cast<std::int32_t>(scores.size() - 1))) {
      part.refuse(std::string(name).append(", '").append(text).append("', is there twice"));
    }
  }
  if (!part.has("unk_id")) part.refuse("a Unigram model without unk_id is not supported");
  const auto unknown = static_cast<std::int32_t>(
      part.number("unk_id", 0, static_cast<std::int64_t>(scores.size()) - 1));
  const bool byte_fallback = part.flag_or("byte_fallback", false);
  return std::make_unique<Unigram>(std::move(tokens), std::move(scores), unknown, byte_fallback);
}

}  // namespace pipetrain
