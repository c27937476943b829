#include "base/ordered_work.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

struct Piece {
  int number;
  std::size_t size = 1;
  std::size_t bytes() const { return size; }
};

// Results of pieces 0 to 99, as they come; early ones take the longest.
std::vector<int> results_of(int threads, std::size_t most_bytes, int wrong = -1) {
  std::vector<int> results;
  int next = 0;
  OrderedWork work(
      most_bytes,
      [&]() -> std::optional<Piece> {
        if (next == 100) return std::nullopt;
        return Piece{next++};
      },
      [&](Piece piece) {
        if (piece.number % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (piece.number == wrong || (wrong >= 0 && piece.number == wrong + 1)) {
          throw std::runtime_error("piece " + std::to_string(piece.number));
        }
        return 3 * piece.number;
      },
      [&](int result) { results.push_back(result); });
  work.run(threads);
  return results;
}

}  // namespace

TEST_CASE("Results come in the order of the items for any number of threads and little room") {
  std::vector<int> expected;
  expected.reserve(100);
  for (int i = 0; i < 100; ++i) expected.push_back(3 * i);
  for (const int threads : {1, 2, 7}) {
    for (const std::size_t most : {0, 1, 3, 1000}) {
      CAPTURE(threads, most);
      CHECK(results_of(threads, most) == expected);
    }
  }
}

TEST_CASE("The first item that fails in their order ends the work") {
  for (const int threads : {1, 4}) {
    CHECK_THROWS_WITH(results_of(threads, 1000, 50), "piece 50");
    CHECK_THROWS_WITH(results_of(threads, 1000, 0), "piece 0");
  }
}

TEST_CASE("What fails where items are made or results are taken ends the work, too") {
  for (const int threads : {1, 4}) {
    int next = 0, taken = 0;
    OrderedWork makes(
        100,
        [&]() -> std::optional<Piece> {
          if (next == 5) throw std::runtime_error("made 5");
          return Piece{next++};
        },
        [](Piece piece) { return piece.number; }, [&](int) { ++taken; });
    CHECK_THROWS_WITH(makes.run(threads), "made 5");
    CHECK(taken == 5);
    OrderedWork takes(
        100, []() -> std::optional<Piece> { return Piece{1}; },
        [](Piece piece) { return piece.number; }, [](int) { throw std::runtime_error("taken"); });
    CHECK_THROWS_WITH(takes.run(threads), "taken");
  }
}

TEST_CASE("Items that are not taken yet hold no more than the room there is, or are one") {
  std::atomic<int> inside = 0;
  int most = 0, next = 0;
  OrderedWork work(
      10,
      [&]() -> std::optional<Piece> {
        if (next == 40) return std::nullopt;
        ++inside;
        return Piece{next++, 6};
      },
      [](Piece piece) { return piece.number; },
      [&](int) {
        most = std::max(most, inside.load());
        --inside;
      });
  work.run(4);
  CHECK(most <= 3);  // two that hold 12 bytes, and one that is made while the first is handed over
}
