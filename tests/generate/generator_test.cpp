#include "generate/generator.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("A full window begins again with its last half") {
  SlidingWindow window(8);
  const auto check = [&](std::int64_t length, std::int64_t begin, std::int64_t tokens,
                         std::int64_t position) {
    const SlidingWindow::NewTokens part = window.next(length);
    CHECK(part.begin == begin);
    CHECK(part.tokens == tokens);
    CHECK(part.first_position == position);
  };
  check(6, 0, 6, 0);
  check(7, 6, 1, 6);
  check(8, 7, 1, 7);
  check(9, 5, 4, 0);
  check(10, 9, 1, 4);
  for (std::int64_t length = 11; length <= 13; ++length) window.next(length);
  check(14, 10, 4, 0);
}

TEST_CASE("Of a longer prompt the model sees its last row") {
  SlidingWindow window(8);
  const SlidingWindow::NewTokens part = window.next(21);
  CHECK(part.begin == 13);
  CHECK(part.tokens == 8);
  CHECK(part.first_position == 0);
  CHECK(window.next(22).begin == 18);
  SlidingWindow shortest(1);
  for (std::int64_t length = 1; length < 4; ++length) {
    const SlidingWindow::NewTokens next = shortest.next(length);
    CHECK(next.begin == length - 1);
    CHECK(next.tokens == 1);
  }
}

TEST_CASE("Tokens are drawn as often as the softmax says") {
  const std::vector<float> logits = {1.0f, -0.5f, 0.0f, 2.0f};
  for (const double temperature : {0.5, 1.0, 2.0}) {
    Sampler sampler({.temperature = temperature});
    std::map<std::int32_t, int> counts;
    constexpr int kDraws = 20000;
    for (int place = 0; place < kDraws; ++place) ++counts[sampler.draw(logits, place)];
    double sum = 0;
    for (const float x : logits) sum += std::exp(static_cast<double>(x) / temperature);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double expected = std::exp(static_cast<double>(logits[i]) / temperature) / sum;
      const double found = static_cast<double>(counts[static_cast<std::int32_t>(i)]) / kDraws;
      CHECK(found == Approx(expected).margin(4 * std::sqrt(0.25 / kDraws)));
    }
  }
}

TEST_CASE("Greedy and top-k take the likeliest, of equal ones the first") {
  const std::vector<float> logits = {0.0f, 3.0f, 3.0f, 2.0f, 3.0f};
  Sampler greedy({.temperature = 0}), one({.top_k = 1}), two({.temperature = 5, .top_k = 2}),
      all({.top_k = 9}), plain({});
  std::map<std::int32_t, int> counts;
  for (int place = 0; place < 200; ++place) {
    CHECK(greedy.draw(logits, place) == 1);
    CHECK(one.draw(logits, place) == 1);
    CHECK(all.draw(logits, place) == plain.draw(logits, place));
    ++counts[two.draw(logits, place)];
  }
  CHECK(counts[1] + counts[2] == 200);
  CHECK(counts[1] > 60);
  CHECK(counts[2] > 60);
}

TEST_CASE("A draw depends on seed and place alone") {
  const std::vector<float> logits(50, 0.0f);
  Sampler a({.seed = 1}), b({.seed = 1}), c({.seed = 2});
  int same = 0;
  for (int place = 40; place-- > 0;) {
    a.draw(logits, 1000 + place);
    CHECK(a.draw(logits, place) == b.draw(logits, place));
    same += a.draw(logits, place) == c.draw(logits, place) ? 1 : 0;
  }
  CHECK(same < 10);
}

TEST_CASE("Logits that are not finite are an error") {
  Sampler sampler({});
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::vector<float> logits = {0.0f, bad};
    CHECK_THROWS_AS(sampler.draw(logits, 3), Error);
  }
}
