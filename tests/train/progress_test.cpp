#include "train/progress.h"

#include "catch.h"

using namespace pipetrain;

namespace progress_test {

TEST_CASE("A time is hours, minutes and seconds, to the nearest second") {
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(9.4) == "0:09");
  CHECK(clock_text(59.6) == "1:00");
  CHECK(clock_text(123) == "2:03");
  CHECK(clock_text(3599) == "59:59");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(360000) == "100:00:00");
}

TEST_CASE("A bar that nobody wants is not drawn") {
  Progress progress(false, 10, "tokens");
  CHECK(!progress.visible());
  progress.draw(10, 1.5, 100, 0);  // writes nothing
}

}  // namespace progress_test
