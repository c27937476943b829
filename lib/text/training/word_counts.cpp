#include "text/training/word_counts.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <thread>
#include <unordered_map>

namespace pipetrain {
namespace {

constexpr std::size_t kPiecesAtOnce =
    16;  // whatever the threads, so that what is forgotten is, too

struct Hash : std::hash<std::string_view> {
  using is_transparent = void;
};
using CountMap = std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>>;

void add(CountMap& counts, std::string_view word, std::int64_t count) {
  const auto found = counts.find(word);
  if (found != counts.end()) {
    found->second += count;
  } else {
    counts.emplace(word, count);
  }
}

// The counts of each piece, made by `threads` threads that take every so manieth.
std::vector<CountMap> count_each(const WordCountRequest& request,
                                 const std::vector<std::string>& pieces) {
  std::vector<CountMap> counts(pieces.size());
  const auto step = static_cast<std::size_t>(std::max(1, request.threads));
  std::vector<std::exception_ptr> failures(step);
  std::vector<std::thread> threads;
  threads.reserve(step);
  for (std::size_t thread = 0; thread < step; ++thread) {
    threads.emplace_back([&, thread] {
      try {
        for (std::size_t i = thread; i < pieces.size(); i += step) {
          request.words_of(pieces[i], [&](std::string_view word) { add(counts[i], word, 1); });
        }
      } catch (...) {
        failures[thread] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  return counts;
}

// Forgets the rarest words, as many counts as it takes to halve them.
void forget_rare(CountMap& counts, std::size_t most) {
  for (std::int64_t rare = 1; counts.size() > most / 2; ++rare) {
    std::erase_if(counts, [&](const auto& word) { return word.second <= rare; });
  }
}

}  // namespace

WordCounts count_words(const WordCountRequest& request) {
  CountMap all;
  for (bool more = true; more;) {
    std::vector<std::string> pieces;
    while (more && pieces.size() < kPiecesAtOnce) {
      more = request.next_piece(pieces.emplace_back());
      if (!more) pieces.pop_back();
    }
    for (const CountMap& counts : count_each(request, pieces)) {
      for (const auto& [word, count] : counts) add(all, word, count);
    }
    if (all.size() > request.most_words) forget_rare(all, request.most_words);
  }
  WordCounts sorted(all.begin(), all.end());
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace pipetrain
