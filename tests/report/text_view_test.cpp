#include "report/text_view.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

Json sample_run() {
  Json metrics = {{"step", Json::array()}, {"loss", Json::array()}, {"val_loss", Json::array()}};
  for (int step = 0; step <= 50; ++step) {
    metrics["step"].push_back(step);
    metrics["loss"].push_back(step == 0 ? Json() : Json(5.0 - step * 0.05));
    metrics["val_loss"].push_back(step % 25 == 0 ? Json(5.1 - step * 0.05) : Json());
  }
  metrics["step_seconds"] = {0.5};
  metrics["peak_bytes"] = {1e6, 2e6};
  return {
      {"name", "a\x1b[2Jname"},
      {"state", "running"},
      {"record",
       {{"steps", 200},
        {"ranks", {{{"stages", {0}}, {"host", "node1"}}, {{"stages", {1}}, {"host", "node2"}}}}}},
      {"metrics", metrics},
      {"log", "first line\nsecond\tline\n"}};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("a run fills a terminal with how far it is, its figures, loss, ranks and log") {
  const std::string text = joined(text_view(sample_run(), {100, 40}));
  CHECK(contains(text, "a?[2Jname   running", "step 50 of 200, 25%", "about 1 min 15 s left",
                 "loss 2.5000", "validation 2.6000",
                 "rank   1  stages [1]  on node2  tensors 2.0 MB", "first line"));
  CHECK(contains(text, "second?line"));
  CHECK(contains(text, "*", "o", "     5.1 |"));
  CHECK_FALSE(contains(text, "\x1b"));
}

TEST_CASE("text stays within any terminal") {
  for (const TextSize& size : {TextSize{20, 6}, TextSize{41, 13}, TextSize{200, 60}}) {
    const auto lines = text_view(sample_run(), size);
    CHECK(static_cast<int>(lines.size()) <= size.lines);
    for (const std::string& line : lines) CHECK(static_cast<int>(line.size()) <= size.columns);
  }
}

TEST_CASE("a figure for which a line has no room is left out as a whole") {
  CHECK(contains(joined(text_view(sample_run(), {41, 13})), "\nloss 2.5000   validation 2.6000\n"));
}

TEST_CASE("a run that has said nothing yet is shown as such") {
  const Json run = {{"name", "new"},
                    {"state", "lost"},
                    {"record", nullptr},
                    {"metrics", Json::object()},
                    {"log", ""}};
  CHECK(contains(joined(text_view(run, {80, 24})), "new   lost\nno line of metrics yet\n"));
}
