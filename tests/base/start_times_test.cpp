#include "base/start_times.h"

#include <string>

#include "base/clock.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("A phase lasts from the end of the one before it") {
  StartTimes times;
  const double begin = wall_seconds();
  times.end_at(begin + 1, "reading");
  times.end_at(begin + 3.5, "building");
  REQUIRE(times.phases().size() == 2);
  CHECK(times.phases()[0].name == "reading");
  CHECK(times.phases()[0].seconds >= 1);
  CHECK(times.phases()[1].seconds == Approx(2.5));
  CHECK(times.total_seconds() == Approx(times.phases()[0].seconds + 2.5));
}

TEST_CASE("What a part has measured by itself is cut out of the time that follows") {
  StartTimes part;
  const double begin = wall_seconds();
  part.end_at(begin + 2, "layer times");
  part.end_at(begin + 3, "forecast");
  StartTimes times;
  times.end_at(begin, "before");
  times.take(part);
  times.end_at(begin + 10, "rest");
  REQUIRE(times.phases().size() == 4);
  CHECK(times.phases()[2].name == "forecast");
  CHECK(times.phases()[2].seconds == Approx(1));
  CHECK(times.phases()[3].seconds == Approx(10 - part.total_seconds()));
}

TEST_CASE("A process's own start is known, and that of its parent if it was launched by it") {
  StartTimes alone = StartTimes::of_process(/*launched=*/false);
  CHECK(alone.phases().empty());
  alone.end("program");
  CHECK(alone.phases()[0].seconds > -0.02);  // the system's ticks are 10 ms
  CHECK(alone.phases()[0].seconds < 3600);
  StartTimes launched = StartTimes::of_process(/*launched=*/true);
  REQUIRE(launched.phases().size() == 1);
  CHECK(launched.phases()[0].name == "launch");
  CHECK(launched.phases()[0].seconds > -0.02);
}

TEST_CASE("Phases keep their names and seconds as a text") {
  StartTimes times;
  times.end_at(wall_seconds() + 1, "layer times");
  times.end_at(wall_seconds() + 2, "MPI_Init");
  const StartTimes copy = StartTimes::of_text(times.text());
  REQUIRE(copy.phases().size() == 2);
  CHECK(copy.phases()[0].name == "layer times");
  CHECK(copy.phases()[0].seconds == Approx(times.phases()[0].seconds));
  CHECK(copy.phases()[1].name == "MPI_Init");
  CHECK(StartTimes::of_text("").phases().empty());
}
