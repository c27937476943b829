#include <string>

#include "catch.h"
#include "schedule/generate/figures_of.h"
#include "schedule/generate/rounds.h"

using namespace pipetrain;

TEST_CASE("One more warm-up keeps one more microbatch of a stage than interleaved") {
  check_live("interleaved-ahead", [](const ScheduleSizes& sizes, int rank) {
    const int round = generators::rounds_of(sizes).per_round;
    return (sizes.virtual_stages - 1) * round + 2 * (sizes.ranks - 1 - rank) + 2;
  });
}

TEST_CASE("One more warm-up costs no time, and gains it where long messages wait for whole Bs") {
  const auto step = [](const std::string& name, double message, BackwardSends sends) {
    const Schedule schedule = generate(name, 4, 2, 16);
    return simulate(schedule, equal_costs(schedule, 1, 1, 1, message), sends).makespan();
  };
  for (const double message : {0.0, 0.5, 2.0}) {
    for (const auto sends : {BackwardSends::kGradientsFirst, BackwardSends::kAfterBackward}) {
      CAPTURE(message);
      CHECK(step("interleaved-ahead", message, sends) <=
            step("interleaved", message, sends) + 1e-9);
    }
  }
  CHECK(step("interleaved", 2, BackwardSends::kAfterBackward) -
            step("interleaved-ahead", 2, BackwardSends::kAfterBackward) ==
        Approx(2));
}
