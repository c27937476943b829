#include "text/training/bpe_trainer.h"

#include <queue>
#include <string_view>
#include <unordered_map>

#include "text/characters.h"

namespace pipetrain {
namespace {

using Pair = std::pair<std::int32_t, std::int32_t>;

std::uint64_t key_of(Pair pair) {
  return std::uint64_t{static_cast<std::uint32_t>(pair.first)} << 32 |
         static_cast<std::uint32_t>(pair.second);
}

struct PairUse {
  std::int64_t count = 0;
  std::vector<std::int32_t> words;  // where it stands, or stood; each may be there more than once
};

struct Candidate {
  std::int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {  // the best is the greatest
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Trainer {
 public:
  Trainer(const WordCounts& words, std::vector<std::string> first) {
    made_.tokens = std::move(first);
    for (std::size_t i = 0; i < made_.tokens.size(); ++i) {
      ids_.emplace(made_.tokens[i], static_cast<std::int32_t>(i));
    }
    for (const auto& [word, count] : words) add(word, count);
    for (const auto& [key, use] : uses_) offer(key);
  }

  TrainedBpe train(std::size_t vocabulary) {
    while (made_.tokens.size() < vocabulary && !candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const std::int64_t count = uses_[key_of(best.pair)].count;
      if (count != best.count) {  // it occurs less often by now
        if (count > 0) candidates_.push({count, best.pair});
        continue;
      }
      merge(best.pair);
    }
    return std::move(made_);
  }

 private:
  void add(const std::string& word, std::int64_t count) {
    std::vector<std::int32_t> symbols;
    for_each_character(word, [&](std::uint32_t, std::string_view character) {
      const auto found = ids_.find(std::string(character));
      if (found != ids_.end()) symbols.push_back(found->second);
    });
    const auto at = static_cast<std::int32_t>(words_.size());
    for (std::size_t i = 1; i < symbols.size(); ++i)
      change({symbols[i - 1], symbols[i]}, at, count);
    words_.push_back(std::move(symbols));
    counts_.push_back(count);
  }

  void change(Pair pair, std::int32_t word, std::int64_t by) {
    PairUse& use = uses_[key_of(pair)];
    use.count += by;
    if (by > 0 && (use.words.empty() || use.words.back() != word)) use.words.push_back(word);
  }

  void offer(std::uint64_t key) {
    const std::int64_t count = uses_[key].count;
    const Pair pair{static_cast<std::int32_t>(key >> 32), static_cast<std::int32_t>(key)};
    if (count > 0) candidates_.push({count, pair});
  }

  // The id of the merged text, which may be there already.
  std::int32_t token_of(Pair pair) {
    std::string text = made_.tokens[static_cast<std::size_t>(pair.first)] +
                       made_.tokens[static_cast<std::size_t>(pair.second)];
    const auto [found, is_new] = ids_.emplace(text, static_cast<std::int32_t>(made_.tokens.size()));
    if (is_new) made_.tokens.push_back(std::move(text));
    return found->second;
  }

  void merge(Pair pair) {
    const std::int32_t token = token_of(pair);
    made_.merges.push_back(pair);
    const std::vector<std::int32_t> words = std::move(uses_[key_of(pair)].words);
    uses_.erase(key_of(pair));
    grown_.clear();
    for (const std::int32_t word : words) merge_in(word, pair, token);
    uses_.erase(key_of(pair));  // what "aaa" leaves of "aa"
    for (const std::uint64_t key : grown_) offer(key);
  }

  void merge_in(std::int32_t word, Pair pair, std::int32_t token) {
    std::vector<std::int32_t>& symbols = words_[static_cast<std::size_t>(word)];
    const std::int64_t count = counts_[static_cast<std::size_t>(word)];
    const auto grow = [&](Pair grown) {
      change(grown, word, count);
      grown_.push_back(key_of(grown));
    };
    std::size_t kept = 0;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (symbols[i] != pair.first || i + 1 == symbols.size() || symbols[i + 1] != pair.second) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > 0) {
        change({symbols[kept - 1], pair.first}, word, -count);
        grow({symbols[kept - 1], token});
      }
      if (i + 2 < symbols.size()) {
        change({pair.second, symbols[i + 2]}, word, -count);
        grow({token, symbols[i + 2]});
      }
      symbols[kept++] = token;
      ++i;
    }
    symbols.resize(kept);
  }

  TrainedBpe made_;
  std::unordered_map<std::string, std::int32_t> ids_;
  std::vector<std::vector<std::int32_t>> words_;
  std::vector<std::int64_t> counts_;  // of the words
  std::unordered_map<std::uint64_t, PairUse> uses_;
  std::vector<std::uint64_t> grown_;  // pairs that a merge made more frequent
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

TrainedBpe train_bpe(const WordCounts& words, std::vector<std::string> first,
                     std::size_t vocabulary) {
  return Trainer(words, std::move(first)).train(vocabulary);
}

}  // namespace pipetrain
