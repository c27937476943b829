#include "base/progress_bar.h"

#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A bar that nobody wants, or nobody sees, is not drawn") {
  ProgressBar bar(false);
  CHECK(!bar.visible());
  bar.draw(1, 0, []() -> std::string {
    FAIL("asked for its text");
    return "";
  });
}
