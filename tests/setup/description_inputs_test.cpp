#include "setup/description_inputs.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace description_inputs_test {

namespace {

Config text(int vocabulary) {
  Config config;
  config.model = {.preset = "gpt", .depth = 1, .heads = 2, .width = 8, .context = 4};
  config.model.vocabulary = vocabulary;
  config.data.sequence_length = 4;
  config.data.path = {"nowhere.txt"};
  return config;
}

}  // namespace

TEST_CASE("Text is not opened where the configuration says the vocabulary") {
  const DataShape shape = configured_data_shape(text(50));
  CHECK(shape.row == Shape{4});
  CHECK(shape.dtype == DType::kInt32);
  CHECK(shape.vocabulary == 50);
  CHECK(shape.classes == 50);
}

TEST_CASE("Data say what the configuration leaves open") {
  CHECK_THROWS_WITH(configured_data_shape(text(0)), ContainsSubstring("nowhere.txt"));
  const TemporaryFolder folder;
  Config config = text(0);
  config.data.path = {
      folder.write("corpus.txt", std::string(50, 'a') + "bc\n" + std::string(50, 'a'))};
  CHECK(configured_data_shape(config).vocabulary == 4);
  Config images = text(0);
  images.data = {.format = "synthetic", .classes = 5, .image = {6, 4, 3}};
  const DataShape shape = configured_data_shape(images);
  CHECK(shape.row == Shape{6, 4, 3});
  CHECK(shape.classes == 5);
}

TEST_CASE("Labels are read even where the vocabulary is known") {
  Config config = text(50);
  config.data.format = "csv";
  CHECK_THROWS_WITH(configured_data_shape(config), ContainsSubstring("nowhere.txt"));
}

TEST_CASE("A model is cut for the ranks of its list of stages, else for one, in each replica") {
  Config config = text(50);
  CHECK(configured_ranks(config) == 1);
  config.pipeline.first_layers = {0, 1, 2, 3};
  CHECK(configured_ranks(config) == 4);
  config.pipeline.schedule = "mine.csv";
  CHECK(configured_ranks(config) == 4);
  config.pipeline.schedule = "interleaved";  // two stages a rank
  CHECK(configured_ranks(config) == 2);
  config.pipeline.virtual_stages = 4;
  config.parallel = {.data = 3, .tensor = 2};
  CHECK(configured_ranks(config) == 6);
  config.pipeline.virtual_stages = 8;  // the list is too short, as is said later
  CHECK(configured_ranks(config) == 6);
  config.pipeline = {.schedule = "1f2b"};
  CHECK_THROWS_AS(configured_ranks(config), Error);
}

}  // namespace description_inputs_test
