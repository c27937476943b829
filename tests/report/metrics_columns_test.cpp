#include "report/metrics_columns.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

TEST_CASE("lines of metrics become columns, with gaps where a line has no such figure") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("metrics.jsonl",
                   "{\"step\":0,\"val_loss\":3}\n{\"step\":1,\"loss\":2.5,\"peak_bytes\":[1,2],"
                   "\"note\":\"<b>\"}\n"
                   "{\"step\":2,\"loss\":null,\"peak_bytes\":[3,4]}\n{\"step\":3,\"lo");
  const Json columns = metrics_columns(path, 100);
  CHECK(columns["step"] == Json{0, 1, 2});
  CHECK(columns["val_loss"] == Json{3, nullptr, nullptr});
  CHECK(columns["loss"] == Json{nullptr, 2.5, nullptr});
  CHECK(columns["peak_bytes"] == Json{3, 4});
  CHECK(columns["cut_short"] == true);
  CHECK(columns["lines"] == 3);
  CHECK_FALSE(columns.contains("note"));
}

TEST_CASE("of many lines evaluations, peaks and the last one stay") {
  const TemporaryFolder folder;
  std::string text;
  for (int step = 1; step <= 9000; ++step) {
    Json line = {{"step", step}, {"loss", step == 4711 ? 99.0 : 1.0}};
    if (step == 5003) line["val_loss"] = 2;
    text += line.dump() + "\n";
  }
  const Json columns = metrics_columns(folder.write("metrics.jsonl", text), 300);
  CHECK(columns["step"].size() < 400);
  CHECK(columns["step"].back() == 9000);
  CHECK(columns["lines"] == 9000);
  bool peak = false, evaluation = false;
  for (std::size_t i = 0; i < columns["step"].size(); ++i) {
    peak = peak || columns["loss"][i] == 99.0;
    evaluation = evaluation || columns["val_loss"][i] == 2;
  }
  CHECK(peak);
  CHECK(evaluation);
}

TEST_CASE("a line that is none is named; no file is no lines") {
  const TemporaryFolder folder;
  for (const char* bad : {"{\"step\":1,\"lo\n", "[1]\n", "{\"loss\":1}\n", "\n"}) {
    INFO(bad);
    const std::string path =
        folder.write("metrics.jsonl", "{\"step\":0}\n" + std::string(bad) + "{\"step\":2}\n");
    try {
      metrics_columns(path, 100);
      FAIL("nothing was wrong");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kData);
      CHECK(contains(error.what(), "metrics.jsonl:2: "));
    }
  }
  CHECK(metrics_columns(folder.path("none"), 100)["lines"] == 0);
}
