// Configurations that are refused: with the line, what was found and what was expected.
#include <string>

#include "catch.h"
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

TEST_CASE("Sizes that do not fit each other are refused") {
  const std::string base = kModel + kData;
  auto contains = [](const std::string& message, const std::string& part) {
    INFO(message);
    CHECK(message.find(part) != std::string::npos);
  };
  contains(error_of(base, {"model.heads=3"}), "3 heads do not divide model.width 128");
  contains(error_of(base, {"train.batch_size=4", "pipeline.microbatches=5"}),
           "pipeline.microbatches: 5 is more than the 4 rows");
  contains(error_of(base, {"train.batch_size=4", "parallel.data=3"}),
           "4 rows do not divide over parallel.data 3");
  contains(error_of(base, {"data.sequence_length=65"}), "65 is more than model.context 64");
  contains(error_of(kData), "model: expected a preset");
  contains(error_of(""), "model.yaml: model: expected a preset");
  contains(error_of(base, {"model.layers=[relu]"}), "only one of them");
  contains(error_of(kData + "model: {preset: gpt, depth: 2, heads: 2, width: 8}\n"),
           "model.context: missing");
  contains(error_of(kModel), "data.path: missing");
  contains(error_of(kModel + "data: {format: synthetic}\n"),
           "model.vocabulary: synthetic data has none");
  contains(error_of(base, {"optimizer.schedule={warmup_steps: 5, decay_steps: 5}"}),
           "more than warmup_steps 5");
  const std::string llama = "model: {preset: llama, depth: 2, heads: 4, width: 24, context: 8}\n";
  contains(error_of(llama + kData, {"model.kv_heads=3"}),
           "model.kv_heads: 3 kv_heads do not divide model.heads 4");
  contains(error_of(llama + kData, {"model.heads=8"}), "model.heads: 3 entries a head");
  contains(error_of("model: {preset: llama, heads: 4, width: 24}\n" + kData),
           "model.depth: missing, the preset llama needs");
  contains(error_of("model: {preset: llama, depth: 2, heads: 4, width: 24}\n" + kData),
           "data.sequence_length: missing, and there is no model.context");
  contains(error_of("model: {layers: [{a: 1, b: 2}]}\n" + kData), "expected its name or one");
  contains(error_of("model: {layers: [relu]}\n" + kData), "data.sequence_length: missing");
}
