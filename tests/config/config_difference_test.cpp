#include "config/config_difference.h"

#include <string>
#include <vector>

#include "catch.h"
#include "loaded.h"

using namespace pipetrain;

TEST_CASE("Keys in which two configurations differ are named with both values, in order") {
  const Config before = load(kModel + kData + "train: {steps: 5}\n");
  CHECK(config_differences(before, before).empty());
  Config now = before;
  now.train.steps = 7;
  now.model.tie_embeddings = false;
  CHECK(config_differences(before, now) ==
        std::vector<std::string>{"model.tie_embeddings false (was none)", "train.steps 7 (was 5)"});
  CHECK(config_differences(now, before).back() == "train.steps 5 (was 7)");
}

TEST_CASE("A long list is cut short, so that the line can be read") {
  const Config before = load(kModel + kData);
  Config now = before;
  now.data.path = std::vector<std::string>(9, "/a/long/path/to/a.txt");
  const std::vector<std::string> differences = config_differences(before, now);
  REQUIRE(differences.size() == 1);
  CHECK(contains(differences[0], "data.path ", "... (was "));
  CHECK(differences[0].find('\n') == std::string::npos);
}
