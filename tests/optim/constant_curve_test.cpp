#include "catch.h"
#include "optim/learning_curves.h"
#include "optim/learning_rate.h"

using namespace pipetrain;

TEST_CASE("A constant rate stays") {
  OptimizerConfig config{.learning_rate = 0.75};
  config.schedule = {.type = "constant", .min_learning_rate = 0.2};
  for (const int step : {0, 1, 50, 99, 1000}) CHECK(learning_rate_at(config, step, 100) == 0.75);
}

// Nothing says when a curve ends that does not.
TEST_CASE("A constant rate asks for no end") {
  CHECK(learning_curve_of({.type = "constant"})
            .rate({.peak = 0.5, .lowest = 0, .step = 3, .steps = 0}) == 0.5);
}
