#include "report/curves/metrics_csv.h"

#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

std::string csv_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("Lines become rows: lists part into columns, what is missing is empty, text is quoted") {
  std::vector<std::string> columns;
  CHECK(
      metrics_csv("{\"step\":0,\"val_loss\":2.5}\nno line\n"
                  "{\"step\":1,\"loss\":null,\"peak_bytes\":[10,20],\"why\":\"a \\\"b\\\", c\"}\n",
                  columns) ==
      "step,val_loss,loss,peak_bytes.0,peak_bytes.1,why\n"
      "0,2.5,,,,\n"
      "1,,,10,20,\"a \"\"b\"\", c\"\n");
  CHECK(columns.size() == 6);
  CHECK(metrics_csv("", columns).empty());
  CHECK(columns.empty());
}

TEST_CASE("A figure that is not finite is an empty cell, as it is null in JSON") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<MetricsCell> cells = metrics_cells({{"step", 3}, {"loss", nan}});
  REQUIRE(cells.size() == 2);
  CHECK(cells[0].text == "3");
  CHECK(cells[1].text.empty());
}

TEST_CASE("A table grows by rows, and is made anew where a line has a new figure") {
  const TemporaryFolder at;
  const std::string lines = at.write("metrics.jsonl", "{\"step\":1,\"loss\":4.25}\n");
  std::ofstream(at.path("metrics.csv")) << "of an earlier run\n";
  MetricsTable table(at.path("metrics.csv"), lines);
  const auto add = [&](const Json& line) {
    std::ofstream(lines, std::ios::app) << line.dump() << "\n";
    table.add(line);
  };
  CHECK(csv_in(at.path("metrics.csv")) == "step,loss\n1,4.25\n");
  add({{"step", 2}, {"loss", 4}});
  CHECK(csv_in(at.path("metrics.csv")) == "step,loss\n1,4.25\n2,4\n");
  add({{"step", 3}, {"loss", 3.5}, {"val_loss", 3.75}});
  add({{"step", 4}, {"loss", 3}});
  CHECK(csv_in(at.path("metrics.csv")) == "step,loss,val_loss\n1,4.25,\n2,4,\n3,3.5,3.75\n4,3,\n");
}
