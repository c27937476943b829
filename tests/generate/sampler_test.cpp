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

TEST_CASE("Top-p draws from the fewest tokens that have that probability together") {
  const std::vector<float> logits = {std::log(0.1f), std::log(0.5f), std::log(0.15f),
                                     std::log(0.25f)};
  const auto drawn = [&](const SamplingOptions& options) {
    Sampler sampler(options);
    std::map<std::int32_t, int> counts;
    for (int place = 0; place < 2000; ++place) ++counts[sampler.draw(logits, place)];
    return counts;
  };
  const auto two = drawn({.temperature = 1, .top_p = 0.7});
  REQUIRE(two.size() == 2);
  CHECK(two.at(1) / 2000.0 == Approx(2.0 / 3).margin(0.05));
  CHECK(two.contains(3));
  CHECK(drawn({.temperature = 1, .top_p = 0.8}).size() == 3);
  CHECK(drawn({.temperature = 1, .top_p = 0}).size() == 1);
  CHECK(drawn({.temperature = 1, .top_k = 3, .top_p = 0.99}).size() == 3);
  CHECK(drawn({.temperature = 1, .top_p = 1}) == drawn({.temperature = 1}));
}

TEST_CASE("Tokens that were there already are less likely, positive logits and negative ones") {
  const std::vector<float> logits = {2.0f, 1.5f, -1.0f, -1.5f};
  Sampler sampler({.temperature = 0, .repetition_penalty = 2});
  const std::vector<std::int32_t> first = {0, 0, 0, 99}, both = {0, 1, 1};
  CHECK(sampler.draw(logits, 0) == 0);
  CHECK(sampler.draw(logits, 0, first) == 1);
  CHECK(sampler.draw(logits, 0, both) == 0);  // 1 against 0.75
  const std::vector<float> negative = {-1.0f, -1.5f};
  const std::vector<std::int32_t> likelier = {0};
  CHECK(sampler.draw(negative, 0, likelier) == 1);
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
