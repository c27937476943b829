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
