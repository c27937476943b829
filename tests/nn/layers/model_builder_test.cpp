#include "nn/layers/model_builder.h"

#include <cstdint>
#include <memory>
#include <string>

#include "catch.h"
#include "described.h"
#include "nn/layers/flatten.h"
#include "nn/layers/positions.h"

using namespace pipetrain;

namespace model_builder_test {

TEST_CASE("A layer is named by its place, and the next one takes its row") {
  const ModelConfig config;
  ModelBuilder model(config, images(4, 10), {});
  CHECK(model.at_start());
  CHECK(model.name("flatten") == "layers.0.flatten");
  CHECK(model.row() == Shape{4, 4, 3});
  model.add(std::make_unique<Flatten>(model.name("flatten"), model.row()));
  CHECK(!model.at_start());
  CHECK(model.name("relu") == "layers.1.relu");
  CHECK(model.row() == Shape{48});
}

TEST_CASE("The layers of an inner list take the outer row and names, and leave them as they were") {
  const ModelConfig config;
  ModelBuilder model(config, images(4, 10), {});
  const LayerList inner = model.inner_layers(
      {told_entry("relu"), told_entry("repeat", {{"count", "2"}}, {told_entry("flatten")})},
      "layers.0.residual.");
  REQUIRE(inner.size() == 3);
  CHECK(inner[0]->name() == "layers.0.residual.0.relu");
  CHECK(inner[2]->name() == "layers.0.residual.2.flatten");
  CHECK(inner[2]->output_row() == Shape{48});
  CHECK(model.layers().empty());
  CHECK(model.at_start());
  CHECK(!model.inside());
  CHECK(model.row() == Shape{4, 4, 3});
  CHECK(model.name("relu") == "layers.0.relu");
}

TEST_CASE("A parameter larger than any memory is refused where it is added") {
  const ModelConfig config;
  ModelBuilder model(config, images(4, 10), {});
  const Shape most{std::int64_t{1} << 24, std::int64_t{1} << 12};
  CHECK_NOTHROW(model.add(std::make_unique<Positions>("p", most, Initial())));
  const Shape more{std::int64_t{1} << 24, (std::int64_t{1} << 12) + 1};
  CHECK_THROWS_WITH(model.add(std::make_unique<Positions>("p", more, Initial())),
                    ContainsSubstring("(16777216, 4097)") && ContainsSubstring("smaller sizes"));
}

TEST_CASE("A model has an output for each class of the data, or more") {
  const auto built = [](const std::string& features) {
    const ModelConfig config{
        .layers = {told_entry("flatten"), told_entry("linear", {{"features", features}})}};
    return ModelBuilder(config, images(4, 10), {}).build();
  };
  CHECK(built("classes").back()->outputs() == 10);
  CHECK(built("11").back()->outputs() == 11);
  CHECK_THROWS_WITH(built("9"), ContainsSubstring("model.yaml:7: linear: the model ends with 9 "
                                                  "outputs, but the data has 10 classes"));
}

}  // namespace model_builder_test
