#include "report/curves/text_curve.h"

#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

TEST_CASE("A curve is drawn from its highest value to its lowest, over its steps") {
  CHECK(text_curve({{1, 4}, {2, 3}, {3, 2}, {4, 1}, {5, 0}}, {{5, 2}}, 5, 5) ==
        "loss (*) and validation loss (o)\n"
        "        4 |*\n"
        "          | *\n"
        "        2 |  * o\n"
        "          |   *\n"
        "        0 |    *\n"
        "          +-----\n"
        "           step 15\n");
}

TEST_CASE("Many points share a column by their mean; a level curve is a line; one point is none") {
  const std::string level = text_curve({{1, 2}, {2, 2}, {3, 2}}, {}, 8, 3);
  CHECK(contains(level, "loss\n", "2 |*   *  *\n"));
  std::vector<PlotPoint> many;
  for (int i = 0; i < 1000; ++i) many.push_back({1.0 * i, 1.0 * (i % 2)});
  CHECK(contains(text_curve(many, {}, 20, 3), "0.5 |********************\n"));
  CHECK(text_curve({{1, 2}}, {}).empty());
}

TEST_CASE("Points are read from lines of metrics, whatever else stands in them") {
  const TemporaryFolder at;
  at.write(
      "metrics.jsonl",
      "{\"step\":0,\"val_loss\":5}\n{\"step\":1,\"loss\":null}\n{\"step\":2,\"loss\":4.5}\n"
      "no line\n{\"step\":3,\"loss\":\"text\"}\n{\"step\":10,\"loss\":3.5}\n{\"step\":11,\"lo");
  CHECK(curve_points("{\"step\":2,\"loss\":4.5}\n", "loss").size() == 1);
  const std::string curve = loss_curve(at.path(""));
  CHECK(contains(curve, "(o)", "step 0", "10\n"));
  CHECK(loss_curve(at.path("none")).empty());
}
