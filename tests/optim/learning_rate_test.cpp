#include "optim/learning_rate.h"

#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

OptimizerConfig config_of(const std::string& type, int warmup_steps, int decay_steps) {
  OptimizerConfig config;
  config.learning_rate = 1.0;
  config.schedule = {type, warmup_steps, decay_steps, 0.2};
  return config;
}

}  // namespace

TEST_CASE("Warm-up rises in equal parts and reaches the full rate after its last step") {
  for (const char* type : {"constant", "linear", "cosine"}) {
    const OptimizerConfig config = config_of(type, 4, 12);
    CHECK(learning_rate_at(config, 0, 100) == Approx(0.2));
    CHECK(learning_rate_at(config, 3, 100) == Approx(0.8));
    CHECK(learning_rate_at(config, 4, 100) == Approx(1.0));
  }
}

TEST_CASE("A constant rate stays") {
  const OptimizerConfig config = config_of("constant", 0, 0);
  for (const int step : {0, 1, 50, 99, 1000}) CHECK(learning_rate_at(config, step, 100) == 1.0);
}

TEST_CASE("A linear rate falls evenly from the end of warm-up to its least") {
  const OptimizerConfig config = config_of("linear", 4, 12);
  CHECK(learning_rate_at(config, 6, 100) == Approx(0.8));
  CHECK(learning_rate_at(config, 8, 100) == Approx(0.6));
  CHECK(learning_rate_at(config, 11, 100) == Approx(0.3));
  CHECK(learning_rate_at(config, 12, 100) == 0.2);
  CHECK(learning_rate_at(config, 99, 100) == 0.2);
}

TEST_CASE("A cosine rate is half-way down in the middle and flat at both ends") {
  const OptimizerConfig config = config_of("cosine", 4, 12);
  CHECK(learning_rate_at(config, 6, 100) == Approx(0.2 + 0.8 * 0.8535533905932737));
  CHECK(learning_rate_at(config, 8, 100) == Approx(0.6));
  CHECK(learning_rate_at(config, 10, 100) == Approx(0.2 + 0.8 * 0.1464466094067262));
  CHECK(learning_rate_at(config, 12, 100) == 0.2);
  CHECK(learning_rate_at(config, 13, 100) == 0.2);
}

TEST_CASE("Without decay_steps the decay ends with the run") {
  const OptimizerConfig config = config_of("linear", 0, 0);
  CHECK(learning_rate_at(config, 0, 10) == 1.0);
  CHECK(learning_rate_at(config, 5, 10) == Approx(0.6));
  CHECK(learning_rate_at(config, 10, 10) == 0.2);
}

TEST_CASE("A decay that would end within warm-up goes straight to the least rate") {
  const OptimizerConfig config = config_of("cosine", 8, 8);
  CHECK(learning_rate_at(config, 7, 100) == Approx(8.0 / 9));
  CHECK(learning_rate_at(config, 8, 100) == 0.2);
}
