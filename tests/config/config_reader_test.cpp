#include "config/config_reader.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "config/config.h"
#include "data/temporary_folder.h"
#include "loaded.h"

using namespace pipetrain;

TEST_CASE("What is wrong with a configuration is said with its line") {
  const std::string base = kModel + kData;
  auto starts = [](const std::string& message, const std::string& start) {
    INFO(message);
    CHECK(message.rfind(start, 0) == 0);
  };
  starts(
      error_of(base + "train:\n  bach_size: 3\n"),
      "model.yaml:4: unknown key 'train.bach_size', the nearest known one is 'train.batch_size'");
  starts(error_of(base + "trian: {}\n"),
         "model.yaml:3: unknown key 'trian', the nearest known one is 'train'");
  starts(error_of(base, {"train.stps=3"}),
         "--set train.stps: unknown key 'train.stps', the nearest");
  starts(error_of(base, {"train.steps.x=3", "train.steps=3"}), "no error");
  starts(error_of(base + "train: {steps: 4}\n", {"train.steps.x=3"}),
         "--set train.steps.x: 'x' lies below '4'");
  starts(error_of(base, {"train.steps"}), "--set 'train.steps': expected key.path=value");
  starts(error_of(base, {"train.steps=["}), "--set train.steps: not valid YAML: ");
  starts(error_of(base + "train: [\n"), "model.yaml:");
  starts(error_of(base + "train:\n  steps: 3\n  steps: 4\n"),
         "model.yaml:5: key 'steps' is given twice");
  starts(error_of(base + "train:\n  steps: twelve\n"),
         "model.yaml:4: train.steps: found 'twelve', expected a whole number of at least 0");
  starts(error_of(base + "train:\n  steps: 1.5\n"), "model.yaml:4: train.steps: found '1.5'");
  starts(error_of(base + "train:\n  steps:\n"), "model.yaml:4: train.steps: found nothing");
  starts(error_of(base + "train:\n  steps: [1]\n"), "model.yaml:4: train.steps: found a list");
  starts(error_of(base + "train: 3\n"), "model.yaml:3: train: found '3', expected keys and values");
  starts(error_of(base + "train: {steps: -1}\n"), "model.yaml:3: train.steps: found '-1'");
  starts(error_of(base + "train: {batch_size: -2}\n"),
         "model.yaml:3: train.batch_size: found '-2'");
  starts(error_of(base + "train: {steps: 99999999999}\n"),
         "model.yaml:3: train.steps: found '99999999999', expected a whole number of at least 0 "
         "that fits 32 bits");
  starts(error_of(base + "train: {precision: float16}\n"),
         "model.yaml:3: train.precision: found 'float16', expected one of float32, bfloat16");
  starts(error_of(base + "train: {checkpoint_background: maybe}\n"),
         "model.yaml:3: train.checkpoint_background: found 'maybe', expected true or false");
  starts(error_of(base, {"data.validation_fraction=1"}),
         "--set data.validation_fraction: found '1', expected a number from 0 to below 1");
  starts(error_of(base, {"optimizer.learning_rate=nan"}),
         "--set optimizer.learning_rate: found 'nan'");
  starts(error_of(base, {"optimizer.clip_norm=inf"}), "--set optimizer.clip_norm: found 'inf'");
  starts(error_of(base, {"optimizer.betas=[0.9]"}),
         "--set optimizer.betas: found a list, expected a list of two");
  starts(error_of(base, {"pipeline.partition=[1, 2]"}),
         "--set pipeline.partition: expected rising");
  starts(error_of(base, {"pipeline.partition=even"}),
         "--set pipeline.partition: found 'even', expected auto, uniform or a "
         "list");
}

TEST_CASE("Paths are relative to the file, or for --set to the working directory") {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("model.yaml", kModel +
                                     "data: {path: [a.txt, ../b.txt]}\npipeline: {schedule: "
                                     "own.csv}\ntrain: {output: runs/x}\n");
  const auto parent = std::filesystem::path(folder.path("")).parent_path().parent_path();
  Config config = load_config(file);
  CHECK(config.data.path ==
        std::vector<std::string>{folder.path("a.txt"), (parent / "b.txt").string()});
  CHECK(config.pipeline.schedule == folder.path("own.csv"));
  CHECK(config.train.output == folder.path("runs/x"));
  config = load_config(file, {"data.path=c.txt", "train.init_from=d"});
  CHECK(config.data.path.at(0) == (std::filesystem::current_path() / "c.txt").string());
  CHECK(config.train.init_from == (std::filesystem::current_path() / "d").string());
}

TEST_CASE("A path has no slash at its end, and its dots are gone") {
  const auto output = [](const std::string& path) {
    return std::filesystem::path(load(kModel + kData, {"train.output=" + path}).train.output);
  };
  CHECK(output("runs/x/") == std::filesystem::current_path() / "runs/x");
  CHECK(output("runs/../x/./y") == std::filesystem::current_path() / "x/y");
  CHECK(output("/x/y//") == "/x/y");
}

TEST_CASE("A word stands for the number or the size that is not given") {
  const std::string base = kModel + kData;
  CHECK(load(base, {"model.vocabulary=auto"}).model.vocabulary == 0);
  CHECK(load(base, {"model.vocabulary=0700"}).model.vocabulary == 700);
  CHECK(error_of(base, {"model.vocabulary=some"})
            .starts_with("--set model.vocabulary: found 'some', expected a whole number"));
}

TEST_CASE("A model can be a list of layers, each of which knows its line") {
  const Config config = load(
      "model:\n  layers:\n    - {embedding: {width: 16}}\n    - relu\n"
      "    - repeat: 2\n      layers:\n        - transformer_block: {heads: 8}\n"
      "    - residual: [layer_norm, {linear: {features: 16}}]\n"
      "data: {path: c.txt, sequence_length: 8}\n");
  const std::vector<LayerEntry>& layers = config.model.layers;
  REQUIRE(layers.size() == 4);
  CHECK(layers[0].kind == "embedding");
  CHECK(layers[0].options.at(0) == std::pair<std::string, std::string>{"width", "16"});
  CHECK(layers[1].kind == "relu");
  CHECK(layers[1].where.ends_with("model.yaml:4"));
  CHECK(layers[2].kind == "repeat");
  CHECK(layers[2].options.at(0) == std::pair<std::string, std::string>{"count", "2"});
  CHECK(layers[2].layers.at(0).kind == "transformer_block");
  CHECK(layers[2].layers.at(0).where.ends_with("model.yaml:7"));
  CHECK(layers[3].layers.at(1).options.at(0).second == "16");
}

TEST_CASE("A layer that is not written as one is refused with its line") {
  const auto refused = [](const std::string& layers, const std::string& why) {
    const std::string message = error_of("model:\n  layers:\n" + layers + kData);
    INFO(message);
    CHECK(message.starts_with("model.yaml:" + why));
  };
  refused("    - relu\n    - {a: 1, b: 2}\n", "4: a layer: found ");
  refused("    - [relu]\n", "3: a layer: found a list, expected its name or one `name: {options}`");
  refused("    - linear: 3\n", "3: layer 'linear': found '3', expected {options}");
  refused("    - linear: {features: [3]}\n",
          "3: option 'features' of layer 'linear': found a list, expected a single value");
  refused("    - repeat: 2\n      layers: [relu]\n      times: 3\n",
          "5: unknown key 'times' beside repeat, expected layers");
  refused("    - repeat: 2\n      layers: relu\n", "4: layers: found 'relu', expected a list");
  CHECK(error_of("model: {layers: relu}\n" + kData)
            .starts_with("model.yaml:1: layers: found 'relu', expected a list"));
}

TEST_CASE("What an option says is named once, what a file says with its key") {
  CHECK_THROWS_WITH(fail_at_key("--set train.steps", "train.steps", "is odd"),
                    "--set train.steps: is odd");
  CHECK_THROWS_WITH(fail_at_key("model.yaml:3", "train.steps", "is odd"),
                    "model.yaml:3: train.steps: is odd");
}
