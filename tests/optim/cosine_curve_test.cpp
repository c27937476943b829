#include "catch.h"
#include "optim/learning_curves.h"
#include "optim/learning_rate.h"

using namespace pipetrain;

TEST_CASE("A cosine rate is half-way down in the middle and flat at both ends") {
  OptimizerConfig config{.learning_rate = 1};
  config.schedule = {"cosine", 4, 12, 0.2};
  CHECK(learning_rate_at(config, 6, 100) == Approx(0.2 + 0.8 * 0.8535533905932737));
  CHECK(learning_rate_at(config, 8, 100) == Approx(0.6));
  CHECK(learning_rate_at(config, 10, 100) == Approx(0.2 + 0.8 * 0.1464466094067262));
  CHECK(learning_rate_at(config, 12, 100) == 0.2);
  CHECK(learning_rate_at(config, 13, 100) == 0.2);
}

// cos 60 degrees is a half, cos 90 nothing.
TEST_CASE("A cosine curve's thirds lie a quarter and three quarters down") {
  LearningCurve* rate = learning_curve_of({.type = "cosine"}).rate;
  CHECK(rate({.peak = 9, .lowest = 1, .step = 0, .steps = 6}) == 9);
  CHECK(rate({.peak = 9, .lowest = 1, .step = 2, .steps = 6}) == Approx(7));
  CHECK(rate({.peak = 9, .lowest = 1, .step = 3, .steps = 6}) == Approx(5));
  CHECK(rate({.peak = 9, .lowest = 1, .step = 4, .steps = 6}) == Approx(3));
}
