#include "schedule/draw/draw_down.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

TEST_CASE("Time runs down, a line for each time at which something begins or ends") {
  const Schedule schedule = generate("1f1b", 2, 1, 2);
  CHECK(draw_down(simulate(schedule, equal_costs(schedule, 1, 1, 1))) ==
        "    rank 0  rank 1\n"
        "T0  F0      .\n"
        "T1  F1      F0\n"
        "T2  .       I0\n"
        "T3  I0      W0\n"
        "T4  W0      F1\n"
        "T5  .       I1\n"
        "T6  I1      W1\n"
        "T7  W1      .\n"
        "\n"
        "makespan 8, bubble 25.0%\n"
        "time runs down: | goes on, . waits; a number behind T is the time\n");
}

TEST_CASE("An action that lasts longer goes on below; later stages have names of their own") {
  const Schedule gpipe = generate("gpipe", 2, 1, 1);
  const std::string uneven = draw_down(simulate(gpipe, equal_costs(gpipe, 1, 2, 0.5)));
  CHECK(contains(uneven,
                 "T0    F0      .\nT1    .       F0\nT2    .       I0\nT4    I0      W0\n"
                 "T4.5  |       .\nT6    W0      .\n"));
  const Schedule zbv = generate("zbv", 2, 2, 2);
  CHECK(contains(draw_down(simulate(zbv, equal_costs(zbv, 1, 1, 1))), "f0", "F1"));
}

TEST_CASE("A drawing that no one reads to its end is refused") {
  const Schedule large = generate("gpipe", 64, 1, 4096);
  CHECK_THROWS_AS(draw_down(simulate(large, equal_costs(large, 1, 1, 1))), Error);
}
