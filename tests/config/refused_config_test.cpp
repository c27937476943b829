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
