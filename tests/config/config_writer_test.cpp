#include "config/config_writer.h"

#include <string>

#include "catch.h"
#include "config/config.h"
#include "data/temporary_folder.h"
#include "loaded.h"

using namespace pipetrain;

TEST_CASE("The resolved configuration reads back as itself") {
  const std::string layers =
      "model: {layers: [relu, {linear: {features: 16}}, {repeat: 2, layers: [{residual: "
      "[relu]}]}]}\n"
      "data: {format: tokens, path: ['a: \"b\".bin', 'true'], sequence_length: 8}\n"
      "pipeline: {recompute: [blocks.0.attention, '3'], microbatches: 3}\n"
      "optimizer: {learning_rate: 0.1, clip_norm: 0.30000000000000004}\n";
  for (const std::string& yaml : {kModel + kData, layers}) {
    const TemporaryFolder folder;
    const std::string once = resolved_yaml(load_config(folder.write("model.yaml", yaml)));
    const TemporaryFolder elsewhere;
    const Config config = load_config(elsewhere.write("config.yaml", once));
    CHECK(resolved_yaml(config) == once);
  }
  CHECK(load(layers).optimizer.clip_norm == 0.1 + 0.2);
}

TEST_CASE("Layers are written as they are read: a name, options, or layers of their own") {
  const std::string written =
      resolved_yaml(load("model: {layers: [relu, {linear: {features: 16, bias: false}}, "
                         "{repeat: 2, layers: [{residual: [layer_norm, relu]}]}]}\n"
                         "data: {path: c.txt, sequence_length: 8}\n"));
  INFO(written);
  CHECK(contains(written,
                 "  layers:\n"
                 "    - relu\n"
                 "    - linear:\n"
                 "        features: 16\n"
                 "        bias: false\n"
                 "    - repeat: 2\n"
                 "      layers:\n"
                 "        - residual:\n"
                 "            layers:\n"
                 "              - layer_norm\n"
                 "              - relu\n"));
}

TEST_CASE("What is not given is left out, or written as the word that says so") {
  const std::string written = resolved_yaml(load(kModel + kData));
  CHECK(contains(written, "\n  vocabulary: auto\n"));
  CHECK(!contains(written, "tie_embeddings"));
  CHECK(!contains(written, "\n  microbatches:"));
  const std::string given =
      resolved_yaml(load(kModel + kData, {"pipeline.microbatches=3", "pipeline.partition=[0, 2]",
                                          "optimizer.betas=[0.5, 0.25]", "data.path=[/a, /b]"}));
  CHECK(contains(given, "\n  microbatches: 3\n", "\n  partition: [0, 2]\n",
                 "\n  betas: [0.5, 0.25]\n", "\n  path: [/a, /b]\n"));
}
