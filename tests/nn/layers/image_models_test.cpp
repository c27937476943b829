// Models of images: residual networks, vision transformers, and what they are refused for.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace {

std::string image_failure(std::vector<LayerEntry> layers) {
  return failure({.layers = std::move(layers)}, images(8, 10));
}

std::int64_t count(const ModelConfig& config, const DataShape& data) {
  return parameter_count(build_layers(config, data));
}

}  // namespace

TEST_CASE("Residual networks have their published numbers of parameters and multiplications") {
  const auto large = [](int depth) -> ModelConfig {
    return {.preset = "resnet", .depth = depth, .stem = ResnetStem::k7x7};
  };
  CHECK(count(large(18), images(224, 1000)) == 11689512);
  CHECK(count(large(34), images(224, 1000)) == 21797672);
  CHECK(count(large(50), images(224, 1000)) == 25557032);
  CHECK(count({.preset = "resnet", .depth = 18}, images(32, 10)) == 11173962);
  // 1.8, 3.6 and 3.8 to 4.1 billion multiplications (with the stride in the 3x3 convolution).
  const auto billions = [&](int depth) {
    return training_flop_per_row(build_layers(large(depth), images(224, 1000))) / 6e9;
  };
  CHECK(billions(18) == Approx(1.81).epsilon(0.01));
  CHECK(billions(34) == Approx(3.66).epsilon(0.01));
  CHECK(billions(50) == Approx(4.09).epsilon(0.01));
}

TEST_CASE("A residual network is a stem, blocks that are one layer each, and a head") {
  const auto layers = build_layers({.preset = "resnet", .depth = 18}, images(32, 10));
  REQUIRE(layers.size() == 12);
  CHECK(layers[0]->name() == "layers.0.conv2d");
  CHECK(layers[2]->name() == "layers.2.residual");
  CHECK(layers[4]->parameters()[6].name == "layers.4.residual.skip.0.conv2d.weight");
  CHECK(layers[4]->parameters()[6].shape == Shape{128, 64, 1, 1});
  CHECK(layers[4]->output_row() == Shape{16, 16, 128});
  CHECK(layers[9]->output_row() == Shape{4, 4, 512});
  CHECK(layers[11]->output_row() == Shape{10});
}

TEST_CASE("A vision transformer has its published number of parameters") {
  // Of ViT-B/16: without class token and its position, with the head (Dosovitskiy et al., table 1).
  CHECK(count({.preset = "vit", .depth = 12, .heads = 12, .width = 768, .patch = 16},
              images(224, 1000)) == 86567656 - 2 * 768);
}

TEST_CASE("Image layers that do not fit are refused with file, line and reason") {
  const auto conv = [](const std::string& kernel) {
    return entry("conv2d", {{"channels", "4"}, {"kernel", kernel}, {"padding", "0"}});
  };
  CHECK(contains(image_failure({conv("9")}), "model.yaml:7", "kernel 9", "(8, 8, 3)"));
  CHECK(contains(image_failure({entry("conv2d", {{"channels", "4"}, {"kernel", "4"}})}), "odd"));
  CHECK(contains(
      image_failure({entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"groups", "2"}})}),
      "unknown option 'groups'"));
  CHECK(contains(
      image_failure({entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"padding", "3"}})}),
      "padding 3", "below the kernel"));
  CHECK(contains(image_failure({entry("conv1d", {{"channels", "4"}, {"kernel", "3"}})}),
                 "(tokens, width)", "(8, 8, 3)"));
  CHECK(contains(image_failure({entry("max_pool", {{"kernel", "9"}})}), "kernel 9"));
  CHECK(contains(image_failure({entry("mean_pool")}), "(tokens, width)"));
  CHECK(contains(image_failure({entry("patch_embedding", {{"patch", "3"}, {"width", "8"}})}),
                 "patch 3", "divide"));
  CHECK(contains(image_failure({entry("dropout", {{"rate", "1.0"}})}), "rate is '1.0'"));
  CHECK(contains(image_failure({entry("embedding", {{"width", "8"}})}), "token ids"));
  CHECK(contains(failure({.layers = {conv("3")}}), "tokens", "embedding"));
  CHECK(contains(image_failure({entry("flatten"), entry("linear", {{"features", "9"}})}),
                 "9 outputs", "10 classes"));
  CHECK(
      contains(failure({.preset = "resnet", .depth = 19}, images(32, 10)), "19", "18, 34 and 50"));
}

TEST_CASE("A skip lives inside of one residual block") {
  const LayerEntry wider = entry("conv2d", {{"channels", "4"}, {"kernel", "3"}, {"stride", "2"}});
  CHECK(contains(image_failure({entry("residual", {}, {wider})}), "(4, 4, 4)", "(8, 8, 3)",
                 "skip: projected"));
  CHECK(contains(image_failure({entry("residual", {{"skip", "far"}}, {wider})}), "'far'"));
  CHECK(contains(image_failure({entry("residual")}), "needs a list"));
  CHECK(contains(image_failure({entry("residual", {{"from", "0"}}, {wider})}),
                 "sequential from block to block"));
  CHECK(contains(image_failure({wider, entry("add", {{"from", "layers.0"}})}), "model.yaml:7",
                 "sequential from block to block", "residual"));
  CHECK(contains(image_failure({entry("residual", {}, {entry("concat")})}),
                 "sequential from block to block"));
}
