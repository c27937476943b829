#include "optim/learning_curves.h"

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/suggest.h"
#include "base/table.h"
#include "catch.h"
#include "optim/learning_rate.h"

using namespace pipetrain;

TEST_CASE("Each curve begins at the peak, and ends at the lowest rate if its row says so") {
  std::set<std::string_view> names;
  for (const LearningCurveKind& curve : learning_curves()) {
    CAPTURE(curve.name);
    CHECK(names.insert(curve.name).second);
    CHECK(std::string(curve.description).ends_with("."));
    OptimizerConfig config{.learning_rate = 0.5};
    config.schedule = {.type = std::string(curve.name), .min_learning_rate = 0.125};
    CHECK(&learning_curve_of(config.schedule) == &curve);
    CHECK(learning_rate_at(config, 0, 10) == 0.5);
    CHECK(learning_rate_at(config, 10, 10) == (curve.decays ? 0.125 : 0.5));
  }
}

TEST_CASE("An unknown curve is named beside those that there are") {
  try {
    learning_curve_of({.type = "cubic"});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    CHECK(error.what() == "optimizer.schedule.type 'cubic' is unknown; expected one of " +
                              join(names_of(learning_curves())));
  }
}
