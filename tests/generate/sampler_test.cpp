#include "generate/sampler.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

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
