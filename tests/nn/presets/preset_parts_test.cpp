#include "nn/presets/preset_parts.h"

#include <string>

#include "catch.h"

using namespace pipetrain;

namespace preset_parts_test {

TEST_CASE("A rate has all digits that it has, and no more") {
  CHECK(rate_text(0.1) == "0.1");
  CHECK(rate_text(0) == "0");
  CHECK(std::stod(rate_text(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("A size that is missing is asked for by its key") {
  CHECK(size_of("width", 3) == 3);
  for (const int missing : {0, -1}) {
    CHECK_THROWS_WITH(size_of("width", missing),
                      "model.width is missing; the preset needs a number of at least 1");
  }
}

TEST_CASE("A head over the vocabulary is tied as its preset has it, unless the model says so") {
  using Options = LayerEntryOptions;
  const Options tied{{"features", "vocabulary"}, {"tied", "true"}},
      untied{{"features", "vocabulary"}, {"bias", "false"}};
  CHECK(token_head({}, true).options == tied);
  CHECK(token_head({}, false).options == untied);
  CHECK(token_head({.tie_embeddings = false}, true).options == untied);
  CHECK(token_head({.tie_embeddings = true}, false).options == tied);
}

TEST_CASE("A head of labels has the data's classes unless the model names a number") {
  CHECK(label_head({}).options == LayerEntryOptions{{"features", "classes"}});
  CHECK(label_head({.classes = 7}).options == LayerEntryOptions{{"features", "7"}});
}

TEST_CASE("Blocks are repeated as deep as the model is") {
  const LayerEntry repeat = blocks({.depth = 5}, {{"heads", "2"}});
  CHECK(repeat.kind == "repeat");
  CHECK(repeat.options == LayerEntryOptions{{"count", "5"}});
  REQUIRE(repeat.layers.size() == 1);
  CHECK(repeat.layers[0].kind == "transformer_block");
  CHECK(repeat.layers[0].options == LayerEntryOptions{{"heads", "2"}});
}

}  // namespace preset_parts_test
