#include "report/curves/curve_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> event_files(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

}  // namespace

TEST_CASE("Every line goes into the table, and into the event file if it is wanted") {
  for (const bool wanted : {false, true}) {
    const TemporaryFolder at;
    at.write("metrics.jsonl", "");
    CurveFiles curves(at.path(""), -1, wanted);
    curves.add({{"step", 1}, {"loss", 2.5}, {"peak_bytes", {64, 128}}});
    curves.sync();
    CHECK(text_in(metrics_csv_path(at.path(""))) ==
          "step,loss,peak_bytes.0,peak_bytes.1\n1,2.5,64,128\n");
    const std::vector<std::string> files = event_files(at.path(""));
    REQUIRE(files.size() == (wanted ? 1 : 0));
    if (!wanted) continue;
    const std::string bytes = text_in(files.front());
    CHECK(contains(bytes, "brain.Event:2", "loss", "peak_bytes/0", "peak_bytes/1"));
    CHECK(!contains(bytes, "step"));
  }
}

TEST_CASE("Event files that were begun later come later in the alphabet") {
  const std::string name = event_file_name(1700000000, "node", 42);
  CHECK(name == "events.out.tfevents.1700000000.node.42.pipetrain");
  CHECK(name < event_file_name(1700000001, "host", 7));
}
