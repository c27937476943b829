// Models that are refused: with file, line and reason, before they take memory.
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace refused_model_test {

namespace {

std::string image_failure(std::vector<LayerEntry> layers) {
  return failure({.layers = std::move(layers)}, images(8, 10));
}

}  // namespace

TEST_CASE("What does not fit is refused with file, line and reason") {
  ModelConfig config = gpt();
  config.preset = "gtp";
  CHECK(contains(failure(config), "gtp", "gpt2-medium"));
  config = gpt();
  config.heads = 5;
  CHECK(contains(failure(config), "5", "32"));
  config = gpt();
  config.context = 8;
  CHECK(contains(failure(config), "8 positions", "16 tokens"));
  config = gpt();
  config.vocabulary = 60;
  CHECK(contains(failure(config), "60", "65"));

  ModelConfig listed;
  CHECK(contains(failure(listed), "model.layers"));
  listed.layers = {told_entry("embeding", {{"width", "32"}})};
  CHECK(contains(failure(listed), "model.yaml:7", "'embedding'"));
  listed.layers = {told_entry("embedding", {{"widht", "32"}})};
  CHECK(contains(failure(listed), "needs 'width'"));
  listed.layers = {told_entry("embedding", {{"width", "32"}, {"positon", "3"}})};
  CHECK(contains(failure(listed), "'positon'", "'positions'"));
  listed.layers = {told_entry("embedding", {{"width", "-3"}})};
  CHECK(contains(failure(listed), "at least 1"));
  listed.layers = {told_entry("linear", {{"features", "3"}})};
  CHECK(contains(failure(listed), "first layer"));
  listed.layers = {told_entry("embedding", {{"width", "32"}}),
                   told_entry("repeat", {{"count", "2000000"}}, {told_entry("layer_norm")})};
  CHECK(contains(failure(listed), "unrolls"));
}

TEST_CASE("One layer at most is tied to the embedding") {
  const LayerEntry tied = told_entry("linear", {{"features", "vocabulary"}, {"tied", "true"}});
  CHECK(contains(failure({.context = 8,
                          .vocabulary = 65,
                          .layers = {told_entry("embedding", {{"width", "16"}}), tied,
                                     told_entry("linear", {{"features", "16"}}), tied}}),
                 "tied", "only one"));
}

TEST_CASE("A few lines that ask for more than any memory are refused before it is taken") {
  ModelConfig listed;
  const auto many = [](LayerEntry inner) {
    return told_entry("repeat", {{"count", "9000"}}, {std::move(inner)});
  };
  LayerEntry nested = told_entry("relu");
  for (int i = 0; i < 6; ++i) nested = told_entry("residual", {}, {many(nested)});
  listed.layers = {told_entry("embedding", {{"width", "8"}}), nested};
  CHECK(contains(failure(listed), "more than 10000 layers"));
  listed.layers = {told_entry("embedding", {{"width", "16777216"}, {"vocabulary", "16777216"}})};
  CHECK(contains(failure(listed), "layers.0.embedding.", "(16777216, 16777216)", "smaller sizes"));
  listed.layers = {told_entry("embedding", {{"width", "16777217"}})};
  CHECK(contains(failure(listed), "'16777217'", "at most 16777216"));
  listed.layers = {told_entry("embedding", {{"width", "16777216"}, {"positions", "none"}}),
                   told_entry("attention", {{"heads", "1"}, {"positions", "rotary"}})};
  CHECK(contains(failure(listed), "rotary of 16 tokens x 16777216", "data.sequence_length"));
  ModelConfig llama{.preset = "llama", .depth = 1, .heads = 1, .width = 2147483646};
  CHECK(contains(failure(llama), "'2147483646'", "at most 16777216"));
  const DataShape images{.row = {32, 32, 3}, .dtype = DType::kFloat32, .classes = 10};
  const ModelConfig resnet{
      .preset = "resnet", .depth = 50, .width = 16777216, .stem = ResnetStem::k7x7};
  CHECK(contains(failure(resnet, images), "(16777216, 16777216, 1, 1)", "smaller sizes"));
}

TEST_CASE("Options of a transformer block that do not fit are refused with file, line and reason") {
  const auto failure_of = [](const std::string& kind,
                             std::vector<std::pair<std::string, std::string>> options) {
    ModelConfig listed;
    listed.layers = {told_entry("embedding", {{"width", "12"}}),
                     told_entry(kind, std::move(options))};
    return failure(listed);
  };
  const std::string block = "transformer_block";
  CHECK(contains(failure_of(block, {{"heads", "6"}, {"kv_heads", "4"}}),
                 "model.yaml:7: transformer_block: kv_heads 4 do not divide the heads 6"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"positions", "rotary"}}),
                 "model.yaml:7: ", "a head has 3 entries", "even"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"positions", "absolute"}}),
                 "model.yaml:7: ", "'absolute'", "learned, rotary"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"theta", "100"}}), "model.yaml:7: ", "theta",
                 "positions: rotary"));
  CHECK(contains(failure_of(block, {{"heads", "6"}, {"positions", "rotary"}, {"theta", "-1"}}),
                 "model.yaml:7: ", "'-1'", "above 0"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"activation", "swish"}}),
                 "model.yaml:7: ", "'swish'", "gelu, relu, swiglu"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"norm", "batch"}}),
                 "model.yaml:7: ", "'batch'", "layer_norm, rms_norm"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"kv_head", "2"}}),
                 "model.yaml:7: ", "'kv_head'", "'kv_heads'"));
  CHECK(contains(failure_of("mlp", {{"mlp_ratio", "2"}, {"mlp_width", "30"}}),
                 "model.yaml:7: mlp: ", "both"));
  CHECK(contains(failure_of("mlp", {{"heads", "2"}}), "model.yaml:7: mlp: ", "'heads'"));
  CHECK(contains(failure_of("attention", {{"heads", "2"}, {"mlp_ratio", "2"}}),
                 "model.yaml:7: attention: ", "'mlp_ratio'"));
  CHECK(contains(failure_of("rms_norm", {{"width", "12"}}), "model.yaml:7: rms_norm: "));
}

TEST_CASE("Image layers that do not fit are refused with file, line and reason") {
  const auto conv = [](const std::string& kernel) {
    return told_entry("conv2d", {{"channels", "4"}, {"kernel", kernel}, {"padding", "0"}});
  };
  CHECK(contains(image_failure({conv("9")}), "model.yaml:7", "kernel 9", "(8, 8, 3)"));
  CHECK(
      contains(image_failure({told_entry("conv2d", {{"channels", "4"}, {"kernel", "4"}})}), "odd"));
  CHECK(contains(
      image_failure({told_entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"groups", "2"}})}),
      "unknown option 'groups'"));
  CHECK(contains(
      image_failure({told_entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"padding", "3"}})}),
      "padding 3", "below the kernel"));
  CHECK(contains(image_failure({told_entry("conv1d", {{"channels", "4"}, {"kernel", "3"}})}),
                 "(tokens, width)", "(8, 8, 3)"));
  CHECK(contains(image_failure({told_entry("max_pool", {{"kernel", "9"}})}), "kernel 9"));
  CHECK(contains(image_failure({told_entry("mean_pool")}), "(tokens, width)"));
  CHECK(contains(image_failure({told_entry("patch_embedding", {{"patch", "3"}, {"width", "8"}})}),
                 "patch 3", "divide"));
  CHECK(contains(image_failure({told_entry("dropout", {{"rate", "1.0"}})}), "rate is '1.0'"));
  CHECK(contains(image_failure({told_entry("embedding", {{"width", "8"}})}), "token ids"));
  CHECK(contains(failure({.layers = {conv("3")}}), "tokens", "embedding"));
  CHECK(contains(image_failure({told_entry("flatten"), told_entry("linear", {{"features", "9"}})}),
                 "9 outputs", "10 classes"));
  CHECK(
      contains(failure({.preset = "resnet", .depth = 19}, images(32, 10)), "19", "18, 34 and 50"));
}

TEST_CASE("A skip lives inside of one residual block") {
  const LayerEntry wider =
      told_entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"stride", "2"}});
  CHECK(contains(image_failure({told_entry("residual", {}, {wider})}), "(4, 4, 4)", "(8, 8, 3)",
                 "skip: projected"));
  CHECK(contains(image_failure({told_entry("residual", {{"skip", "far"}}, {wider})}), "'far'"));
  CHECK(contains(image_failure({told_entry("residual")}), "needs a list"));
  CHECK(contains(image_failure({told_entry("residual", {{"from", "0"}}, {wider})}),
                 "sequential from block to block"));
  CHECK(contains(image_failure({wider, told_entry("add", {{"from", "layers.0"}})}), "model.yaml:7",
                 "sequential from block to block", "residual"));
  CHECK(contains(image_failure({told_entry("residual", {}, {told_entry("concat")})}),
                 "sequential from block to block"));
}

}  // namespace refused_model_test
