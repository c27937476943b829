#include "train/slow_ranks.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace slow_ranks_test {

namespace {

using Texts = std::vector<std::string>;

// Steps that all take the same, but for one in five that a rank was disturbed in.
class Steps {
 public:
  explicit Steps(SlowRanks& ranks) : ranks_(ranks) {}
  // What is said in so many steps.
  Texts run(const std::vector<double>& work, int steps = SlowRanks::kSteps) {
    Texts said;
    for (int i = 0; i < steps; ++i) {
      std::vector<double> now = work;
      if (++step_ % 5 == 0) now[static_cast<std::size_t>(step_) % now.size()] *= 10;
      for (const std::string& text : ranks_.add(step_, now)) said.push_back(text);
    }
    return said;
  }

 private:
  SlowRanks& ranks_;
  std::int64_t step_ = 0;
};

}  // namespace

TEST_CASE("Ranks of unequal work are not slow as long as they are as they were") {
  SlowRanks ranks({}, {"a", "a", "b"});
  Steps steps(ranks);
  CHECK(steps.run({0.1, 0.2, 0.4}, 100).empty());
}

TEST_CASE("A rank that drifts from the others is named after twenty steps, once, with its host") {
  SlowRanks ranks({}, {"a", "a", "b"});
  Steps steps(ranks);
  CHECK(steps.run({0.1, 0.2, 0.4}).empty());
  CHECK(steps.run({0.1, 0.2, 0.8}, SlowRanks::kSteps - 1).empty());
  CHECK(steps.run({0.1, 0.2, 0.8}, 1) ==
        Texts{"rank 2 on b is slow: 0.800 s of work a step in steps 21 to 40, 2.00 times as long "
              "as in steps 1 to 20 (of the other ranks: 1.00); all ranks wait for it; pipetrain "
              "doctor compares the hosts"});
  CHECK(steps.run({0.1, 0.2, 0.82}, 60).empty());
  CHECK(steps.run({0.1, 0.2, 1.2}).size() == 1);
  CHECK(steps.run({0.1, 0.2, 0.41}) ==
        Texts{"rank 2 on b keeps pace again: 0.410 s of work a step in steps 121 to 140"});
  CHECK(steps.run({0.1, 0.2, 0.4}).empty());
}

TEST_CASE(
    "All ranks that become slower together are not named, nor are fractions of milliseconds") {
  SlowRanks ranks({}, {"a", "b"});
  Steps steps(ranks);
  CHECK(steps.run({0.1, 0.2}).empty());
  CHECK(steps.run({0.2, 0.4}).empty());
  SlowRanks small({}, {"a", "b"});
  Steps of_small(small);
  CHECK(of_small.run({0.001, 0.001}).empty());
  CHECK(of_small.run({0.001, 0.002}).empty());
}

TEST_CASE("With timed layers a rank is named that is slow from the start") {
  SlowRanks ranks({0.1, 0.2, 0.1}, {"a", "a", "b"});
  Steps steps(ranks);
  const Texts said = steps.run({0.11, 0.22, 0.22});
  REQUIRE(said.size() == 1);
  CHECK(said[0].starts_with(
      "rank 2 on b is slow: 0.220 s of work a step in steps 1 to 20, 2.20 times its share of the "
      "layers' times as they were measured (of the other ranks: 1.10)"));
  SlowRanks fair({0.1, 0.2, 0.1}, {"a", "a", "b"});
  Steps of_fair(fair);
  CHECK(of_fair.run({0.12, 0.22, 0.14}, 60).empty());
}

TEST_CASE("A rank is not slow because the other one is faster than at first, or than foreseen") {
  SlowRanks ranks({}, {"a", "b"});
  Steps steps(ranks);
  CHECK(steps.run({0.1, 0.2}).empty());
  CHECK(steps.run({0.1, 0.1}).empty());
  CHECK(steps.run({0.12, 0.1}).size() == 1);
  SlowRanks timed({0.1, 0.2}, {"a", "b"});
  CHECK(Steps(timed).run({0.1, 0.1}).empty());
}

TEST_CASE("One rank is compared with nobody") {
  SlowRanks ranks({0.1}, {"a"});
  CHECK(Steps(ranks).run({5}, 60).empty());
}

TEST_CASE(
    "A rank that is slower than it was, but has the least to do, is not what others wait for") {
  SlowRanks ranks({}, {"a", "a", "b"});
  Steps steps(ranks);
  CHECK(steps.run({0.4, 0.4, 0.1}).empty());
  CHECK(steps.run({0.4, 0.4, 0.2}) ==
        Texts{"rank 2 on b is slow: 0.200 s of work a step in steps 21 to 40, 2.00 times as long "
              "as in steps 1 to 20 (of the other ranks: 1.00); rank 0 still has the most, 0.400 s; "
              "pipetrain doctor compares the hosts"});
}

TEST_CASE("The paces of ranks are those that two windows of steps agree on") {
  using Paces = std::vector<double>;
  SlowRanks ranks({}, {"a", "a", "b"});
  Steps steps(ranks);
  steps.run({0.1, 0.2, 0.4});
  CHECK(ranks.paces().empty());
  steps.run({0.1, 0.21, 0.8});
  CHECK(ranks.paces().empty());
  steps.run({0.1, 0.2, 1.2});
  REQUIRE(ranks.paces().size() == 3);
  CHECK(ranks.paces()[0] == ranks.paces()[1]);  // a difference of noise
  CHECK(std::abs(ranks.paces()[2] - 2) < 1e-9);
  steps.run({0.1, 0.2, 0.42});
  CHECK(ranks.paces().empty());
  steps.run({0.1, 0.2, 0.2}, 2 * SlowRanks::kSteps);  // faster than at first
  CHECK(ranks.paces() == Paces{1, 1, 0.5});
  steps.run({0.1, 0.2, 0.8});
  CHECK(ranks.paces().empty());  // once faster and once slower
}

TEST_CASE("Of two ranks one is slow and not the other fast") {
  SlowRanks ranks({}, {"a", "b"});
  Steps steps(ranks);
  steps.run({0.1, 0.1});
  steps.run({0.1, 0.2}, 2 * SlowRanks::kSteps);
  CHECK(ranks.paces() == std::vector<double>{1, 2});
}

TEST_CASE("A rank that has little to do is not off its pace by fractions of milliseconds") {
  SlowRanks ranks({}, {"a", "b"});
  Steps steps(ranks);
  steps.run({0.1, 0.001});
  steps.run({0.1, 0.002}, 2 * SlowRanks::kSteps);
  CHECK(ranks.paces().empty());
}

TEST_CASE("Paces are against the first steps or the layers' times, whichever is further off") {
  SlowRanks ranks({0.1, 0.1}, {"a", "b"});
  Steps steps(ranks);
  steps.run({0.1, 0.15});  // slow before anything was measured
  steps.run({0.1, 0.3}, 2 * SlowRanks::kSteps);
  REQUIRE(ranks.paces().size() == 2);
  CHECK(std::abs(ranks.paces()[1] - 3) < 1e-9);
}

TEST_CASE("Ranks of timed layers have paces from the first steps on") {
  SlowRanks ranks({0.1, 0.2, 0.1}, {"a", "a", "b"});
  Steps steps(ranks);
  steps.run({0.11, 0.22, 0.22}, 2 * SlowRanks::kSteps);
  REQUIRE(ranks.paces().size() == 3);
  CHECK(std::abs(ranks.paces()[2] - 2.2) < 1e-9);
}

}  // namespace slow_ranks_test
