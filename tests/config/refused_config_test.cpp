// Configurations whose values do not fit each other are refused with the key and both values.
#include <string>

#include "catch.h"
#include "loaded.h"

using namespace pipetrain;

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
  contains(error_of("model: {layers: [relu]}\n" + kData), "data.sequence_length: missing");
}

TEST_CASE("A vocabulary over the pipeline is refused with what it is not made for") {
  const std::string base = kModel + kData;
  const std::string word = GENERATE("parallel", "vocab-1");
  const std::string parallel = "pipeline.vocabulary=" + word;
  CHECK(error_of(base, {parallel}) == "no error");
  CHECK(contains(error_of(base, {"pipeline.vocabulary=half"}), "pipeline.vocabulary",
                 "whole, parallel, vocab-1"));
  for (const std::string other :
       {"parallel.tensor=2", "pipeline.delay=1", "pipeline.post_validation=true",
        "train.precision=bfloat16", "communication.precision=bfloat16"}) {
    CAPTURE(other);
    CHECK(
        contains(error_of(base, {parallel, other}),
                 "pipeline.vocabulary: " + word + " is not for " + other.substr(0, other.find('=')),
                 "set it to whole"));
  }
}

TEST_CASE("A delay is refused beside what it has no meaning for") {
  const std::string base = kModel + kData;
  CHECK(error_of(base, {"pipeline.delay=1"}) == "no error");
  CHECK(error_of(base, {"pipeline.delay=1", "pipeline.delay_correction=nesterov"}) == "no error");
  CHECK(contains(error_of(base, {"pipeline.delay=2"}), "pipeline.delay", "from 0 to 1"));
  CHECK(contains(error_of(base, {"pipeline.delay_correction=nesterov"}),
                 "is for pipeline.delay 1, but delay is 0"));
  CHECK(contains(error_of(base, {"pipeline.delay=1", "pipeline.delay_correction=nesterov",
                                 "optimizer.type=sgd", "optimizer.momentum=0"}),
                 "nesterov has no meaning without optimizer.momentum"));
  CHECK(contains(error_of(base, {"pipeline.delay=1", "parallel.shard=parameters"}),
                 "parallel.shard: parameters has no meaning with pipeline.delay 1"));
}

TEST_CASE("Post-validation is refused beside what it does not go with") {
  const std::string base = kModel + kData, early = "pipeline.post_validation=true";
  CHECK(error_of(base, {early}) == "no error");
  CHECK(contains(error_of(base, {early, "pipeline.delay=1"}),
                 "pipeline.post_validation: true does not go with pipeline.delay 1"));
  CHECK(contains(error_of(base, {early, "parallel.shard=parameters"}),
                 "parallel.shard: parameters does not go with pipeline.post_validation"));
}

TEST_CASE("A key of the model without a meaning for its preset is refused") {
  const std::string base = kModel + kData;
  CHECK(error_of(base, {"model.stem=7x7"}) ==
        "--set model.stem: is for resnet, but model.preset is gpt; leave it out");
  CHECK(contains(error_of(base, {"model.patch=4"}), "model.patch", "is for vit", "gpt"));
  CHECK(contains(error_of(base, {"model.classes=4"}), "is for classifier, resnet and vit"));
  CHECK(error_of(base, {"model.stem=3x3", "model.mlp_width=64", "model.dropout=0.1"}) ==
        "no error");
  const std::string resnet =
      "model: {preset: resnet, depth: 18}\n"
      "data: {format: synthetic, image: [8, 8, 3], classes: 4}\n";
  CHECK(error_of(resnet, {"model.stem=7x7", "model.width=8", "model.classes=9"}) == "no error");
  for (const char* key : {"heads=2", "kv_heads=2", "mlp_width=8", "context=8", "vocabulary=9",
                          "patch=4", "tie_embeddings=true", "dropout=0.1"}) {
    CHECK(contains(error_of(resnet, {std::string("model.") + key}),
                   "but model.preset is resnet; leave it out"));
  }
  const std::string listed = "model: {layers: [relu], context: 8, vocabulary: 9}\n" + kData;
  CHECK(error_of(listed) == "no error");
  CHECK(contains(error_of(listed, {"model.depth=2"}), "model.depth", "but model.layers is given"));
  CHECK(contains(error_of(listed, {"model.dropout=0.1"}), "but model.layers is given"));
}

TEST_CASE("A key of one optimizer is refused with another") {
  const std::string base = kModel + kData;
  CHECK(error_of(base, {"optimizer.momentum=0.5"}) ==
        "--set optimizer.momentum: is for sgd, but optimizer.type is adamw; leave it out");
  CHECK(error_of(base, {"optimizer.momentum=0.5", "optimizer.type=sgd"}) == "no error");
  CHECK(contains(error_of(base, {"optimizer.betas=[0.5, 0.9]", "optimizer.type=sgd"}),
                 "is for adamw, but optimizer.type is sgd"));
  // As a run directory's config.yaml has them, which spells out every key.
  CHECK(error_of(base, {"optimizer.momentum=0.9"}) == "no error");
}
