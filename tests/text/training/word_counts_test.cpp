#include "text/training/word_counts.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

// Words are single characters.
WordCounts counts_of(const std::vector<std::string>& pieces, int threads, std::size_t most) {
  std::size_t next = 0;
  return count_words(
      {.next_piece =
           [&](std::string& piece) {
             if (next == pieces.size()) return false;
             piece = pieces[next++];
             return true;
           },
       .words_of =
           [](std::string_view piece, const std::function<void(std::string_view)>& visit) {
             for (std::size_t i = 0; i < piece.size(); ++i) visit(piece.substr(i, 1));
           },
       .threads = threads,
       .most_words = most});
}

}  // namespace

TEST_CASE("Words are counted over all pieces, the same for any number of threads") {
  std::vector<std::string> pieces(40, "abca");
  pieces.emplace_back("d");
  const WordCounts expected{{"a", 80}, {"b", 40}, {"c", 40}, {"d", 1}};
  for (const int threads : {1, 2, 5}) CHECK(counts_of(pieces, threads, 100) == expected);
  CHECK(counts_of({}, 2, 100).empty());
}

TEST_CASE("Beyond the most words the rarest are forgotten, the same for any number of threads") {
  std::vector<std::string> pieces(16, "aab");
  pieces.emplace_back("cdefgh");
  for (const int threads : {1, 3}) {
    CHECK(counts_of(pieces, threads, 4) == WordCounts{{"a", 32}, {"b", 16}});
  }
}
