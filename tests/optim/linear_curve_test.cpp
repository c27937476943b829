#include "catch.h"
#include "optim/learning_curves.h"
#include "optim/learning_rate.h"

using namespace pipetrain;

TEST_CASE("A linear rate falls evenly from the end of warm-up to its least") {
  OptimizerConfig config{.learning_rate = 1};
  config.schedule = {"linear", 4, 12, 0.2};
  CHECK(learning_rate_at(config, 6, 100) == Approx(0.8));
  CHECK(learning_rate_at(config, 8, 100) == Approx(0.6));
  CHECK(learning_rate_at(config, 11, 100) == Approx(0.3));
  CHECK(learning_rate_at(config, 12, 100) == 0.2);
  CHECK(learning_rate_at(config, 99, 100) == 0.2);
}

TEST_CASE("The steps of a linear curve are of one size") {
  LearningCurve* rate = learning_curve_of({.type = "linear"}).rate;
  CHECK(rate({.peak = 3, .lowest = 1, .step = 0, .steps = 8}) == 3);
  for (int step = 1; step < 8; ++step) {
    const double before = rate({.peak = 3, .lowest = 1, .step = step - 1, .steps = 8});
    CHECK(before - rate({.peak = 3, .lowest = 1, .step = step, .steps = 8}) == Approx(0.25));
  }
}
