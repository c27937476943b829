#include "nn/layers/model.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

using namespace pipetrain;

namespace {

DataShape tokens(std::int64_t count, std::int64_t vocabulary) {
  return {.row = {count}, .vocabulary = vocabulary};
}

ModelConfig gpt() { return {.preset = "gpt", .depth = 2, .heads = 4, .width = 32, .context = 16}; }

ModelConfig llama() {
  return {.preset = "llama", .depth = 2, .heads = 4, .kv_heads = 2, .width = 32};
}

std::string failure(const ModelConfig& config, const DataShape& data = tokens(16, 65),
                    const TensorPlace& place = {}) {
  try {
    build_layers(config, data, place);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

LayerEntry entry(const std::string& kind,
                 std::vector<std::pair<std::string, std::string>> options = {},
                 std::vector<LayerEntry> layers = {}) {
  return {kind, "model.yaml:7", std::move(options), std::move(layers)};
}

}  // namespace

TEST_CASE("The GPT preset is embedding, blocks of two layers, norm and head") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  REQUIRE(layers.size() == 7);
  CHECK(layers[0]->name() == "layers.0.embedding");
  CHECK(layers[1]->name() == "layers.1.attention");
  CHECK(layers[4]->name() == "layers.4.mlp");
  CHECK(layers[6]->output_row() == Shape{16, 65});
  CHECK(layers[6]->parameters()[0].name == "layers.0.embedding.token.weight");
  CHECK(parameter_count(layers) == 65 * 32 + 16 * 32 + 2 * (12 * 32 * 32 + 13 * 32) + 2 * 32);
}

TEST_CASE("GPT-2 has its published number of parameters") {
  CHECK(parameter_count(build_layers({.preset = "gpt2"}, tokens(64, 0))) == 124439808);
  CHECK(parameter_count(build_layers({.preset = "gpt2-medium"}, tokens(64, 0))) == 354823168);
}

TEST_CASE("The Llama preset has RMS norms, no biases, grouped keys, SwiGLU and a head of its own") {
  const auto layers = build_layers(llama(), tokens(16, 65));
  REQUIRE(layers.size() == 7);
  CHECK(layers[5]->name() == "layers.5.rms_norm");
  CHECK(layers[6]->parameters()[0].name == "layers.6.linear.weight");
  // 8/3 of 32 is 85, rounded up to 96
  CHECK(parameter_count(layers) ==
        2 * 65 * 32 + 2 * ((4 + 2 * 2) * 8 * 32 + 32 * 32 + 3 * 32 * 96 + 2 * 32) + 32);
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      CHECK(parameter.name.ends_with("weight"));
    }
  }
  ModelConfig other = llama();
  other.kv_heads = 0;
  other.mlp_width = 40;
  other.tie_embeddings = true;
  CHECK(parameter_count(build_layers(other, tokens(16, 65))) ==
        65 * 32 + 2 * (4 * 32 * 32 + 3 * 32 * 40 + 2 * 32) + 32);
  other = gpt();
  other.kv_heads = 1;
  other.mlp_width = 40;
  other.tie_embeddings = false;
  CHECK(build_layers(other, tokens(16, 65))[1]->parameters()[2].shape == Shape{(4 + 2) * 8, 32});
  CHECK(build_layers(other, tokens(16, 65))[2]->parameters()[2].shape == Shape{40, 32});
  CHECK(build_layers(other, tokens(16, 65))[6]->parameters()[0].name == "layers.6.linear.weight");
}

TEST_CASE("A training step's FLOP are six per weight and token, and causal attention's") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  const double weights = 2 * 12 * 32 * 32 + 65 * 32;
  CHECK(training_flop_per_row(layers) == Approx(6 * weights * 16 + 6 * 2 * 16 * 32 * 16));
}

TEST_CASE("An explicit list of layers is the same model as the preset that it spells out") {
  ModelConfig listed;
  listed.layers = {
      entry("embedding", {{"width", "32"}}),
      entry("repeat", {{"count", "2"}}, {entry("transformer_block", {{"heads", "4"}})}),
      entry("layer_norm"), entry("linear", {{"features", "vocabulary"}, {"tied", "true"}})};
  const auto a = build_layers(listed, tokens(16, 65)), b = build_layers(gpt(), tokens(16, 65));
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i]->name() == b[i]->name());
    REQUIRE(a[i]->parameters().size() == b[i]->parameters().size());
    for (std::size_t p = 0; p < a[i]->parameters().size(); ++p) {
      CHECK(a[i]->parameters()[p].name == b[i]->parameters()[p].name);
      CHECK(a[i]->parameters()[p].shape == b[i]->parameters()[p].shape);
      CHECK(a[i]->parameters()[p].initial.scale == b[i]->parameters()[p].initial.scale);
    }
  }
}

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
  config.vocabulary = "60";
  CHECK(contains(failure(config), "60", "65"));

  ModelConfig listed;
  CHECK(contains(failure(listed), "model.layers"));
  listed.layers = {entry("embeding", {{"width", "32"}})};
  CHECK(contains(failure(listed), "model.yaml:7", "'embedding'"));
  listed.layers = {entry("embedding", {{"widht", "32"}})};
  CHECK(contains(failure(listed), "needs 'width'"));
  listed.layers = {entry("embedding", {{"width", "32"}, {"positon", "3"}})};
  CHECK(contains(failure(listed), "'positon'", "'positions'"));
  listed.layers = {entry("embedding", {{"width", "-3"}})};
  CHECK(contains(failure(listed), "at least 1"));
  listed.layers = {entry("linear", {{"features", "3"}})};
  CHECK(contains(failure(listed), "first layer"));
  listed.layers = {entry("embedding", {{"width", "32"}}),
                   entry("repeat", {{"count", "2000000"}}, {entry("layer_norm")})};
  CHECK(contains(failure(listed), "unrolls"));
}

TEST_CASE("One layer at most is tied to the embedding") {
  const LayerEntry tied = entry("linear", {{"features", "vocabulary"}, {"tied", "true"}});
  CHECK(contains(failure({.context = 8,
                          .vocabulary = "65",
                          .layers = {entry("embedding", {{"width", "16"}}), tied,
                                     entry("linear", {{"features", "16"}}), tied}}),
                 "tied", "only one"));
}

TEST_CASE("A few lines that ask for more than any memory are refused before it is taken") {
  ModelConfig listed;
  const auto many = [](LayerEntry inner) {
    return entry("repeat", {{"count", "9000"}}, {std::move(inner)});
  };
  LayerEntry nested = entry("relu");
  for (int i = 0; i < 6; ++i) nested = entry("residual", {}, {many(nested)});
  listed.layers = {entry("embedding", {{"width", "8"}}), nested};
  CHECK(contains(failure(listed), "more than 10000 layers"));
  listed.layers = {entry("embedding", {{"width", "16777216"}, {"vocabulary", "16777216"}})};
  CHECK(contains(failure(listed), "layers.0.embedding.", "(16777216, 16777216)", "smaller sizes"));
  listed.layers = {entry("embedding", {{"width", "16777217"}})};
  CHECK(contains(failure(listed), "'16777217'", "at most 16777216"));
  listed.layers = {entry("embedding", {{"width", "16777216"}, {"positions", "none"}}),
                   entry("attention", {{"heads", "1"}, {"positions", "rotary"}})};
  CHECK(contains(failure(listed), "rotary of 16 tokens x 16777216", "data.sequence_length"));
  ModelConfig llama{.preset = "llama", .depth = 1, .heads = 1, .width = 2147483646};
  CHECK(contains(failure(llama), "'2147483646'", "at most 16777216"));
  const DataShape images{.row = {32, 32, 3}, .dtype = DType::kFloat32, .classes = 10};
  const ModelConfig resnet{.preset = "resnet", .depth = 50, .width = 16777216, .stem = "7x7"};
  CHECK(contains(failure(resnet, images), "(16777216, 16777216, 1, 1)", "smaller sizes"));
}

TEST_CASE("Options of a transformer block that do not fit are refused with file, line and reason") {
  const auto failure_of = [](const std::string& kind,
                             std::vector<std::pair<std::string, std::string>> options) {
    ModelConfig listed;
    listed.layers = {entry("embedding", {{"width", "12"}}), entry(kind, std::move(options))};
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

TEST_CASE("Initial values depend on seed and name, not on the order in which they are made") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  const Parameter& parameter = layers[1]->parameters()[2];
  std::vector<float> a(static_cast<std::size_t>(parameter.elements())), b(a.size()), c(a.size());
  initialize(parameter, 1, a);
  initialize(parameter, 1, b);
  initialize(parameter, 2, c);
  CHECK(a == b);
  CHECK(a != c);
}

namespace {

DataShape images(std::int64_t size, std::int64_t classes) {
  return {.row = {size, size, 3}, .dtype = DType::kFloat32, .classes = classes};
}

std::string image_failure(std::vector<LayerEntry> layers) {
  return failure({.layers = std::move(layers)}, images(8, 10));
}

std::int64_t count(const ModelConfig& config, const DataShape& data) {
  return parameter_count(build_layers(config, data));
}

}  // namespace

TEST_CASE("Residual networks have their published numbers of parameters and multiplications") {
  const auto large = [](int depth) -> ModelConfig {
    return {.preset = "resnet", .depth = depth, .stem = "7x7"};
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

TEST_CASE("The classifier preset ends with one row of classes for each sequence") {
  const DataShape data{.row = {32}, .vocabulary = 100, .classes = 10};
  const auto layers =
      build_layers({.preset = "classifier", .depth = 2, .heads = 4, .width = 32}, data);
  REQUIRE(layers.size() == 12);
  CHECK(layers[1]->parameters()[0].shape == Shape{32, 32, 3});
  CHECK(layers[11]->output_row() == Shape{10});
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

TEST_CASE("A preset's dropout goes to its embedding and blocks; where none can be it is refused") {
  for (const char* preset : {"gpt", "llama", "classifier", "vit"}) {
    INFO(preset);
    ModelConfig config{
        .preset = preset, .depth = 1, .heads = 2, .width = 16, .context = 8, .patch = 4};
    config.classes = "10";
    const auto rates = [&] {
      int found = 0;
      const std::vector<LayerEntry> entries = expand_preset(config);
      for (const LayerEntry* made : unrolled(entries)) {
        for (const auto& [key, value] : made->options) {
          if (key == "dropout") CHECK(value == "0.1");
          found += key == "dropout" ? 1 : 0;
        }
      }
      return found;
    };
    CHECK(rates() == 0);
    config.dropout = 0.1;
    CHECK(rates() == 2);
  }
  CHECK(contains(failure({.preset = "resnet", .depth = 18, .dropout = 0.1}, images(32, 10)),
                 "model.dropout", "0.1", "resnet"));
  CHECK(contains(failure({.dropout = 0.1, .layers = {entry("relu")}}), "model.dropout",
                 "model.layers"));
  CHECK(contains(image_failure({entry("patch_embedding", {{"patch", "4"}, {"width", "8"}}),
                                entry("transformer_block", {{"heads", "2"}, {"dropout", "1"}})}),
                 "transformer_block", "dropout is '1'", "from 0 to below 1"));
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

TEST_CASE("Ranks that share layers have slices that make up the whole, initial values included") {
  ModelConfig classifier{.preset = "classifier", .depth = 1, .heads = 4, .width = 32};
  DataShape labelled = tokens(16, 65);
  labelled.classes = 3;
  for (const ModelConfig& config : {gpt(), llama(), classifier}) {
    const DataShape data = config.preset == "classifier" ? labelled : tokens(16, 65);
    const auto whole = build_layers(config, data);
    const int size = 2;
    std::map<std::string, std::vector<float>> found;
    std::map<std::string, int> copies;  // of a tensor
    for (int rank = 0; rank < size; ++rank) {
      const auto layers = build_layers(config, data, {rank, size});
      CHECK(parameter_count(layers) == parameter_count(whole));
      CHECK(training_flop_per_row(layers) == training_flop_per_row(whole));
      for (const auto& layer : layers) {
        for (const Parameter& parameter : layer->parameters()) {
          if (parameter.tied_to_earlier) continue;
          std::vector<float> values(static_cast<std::size_t>(parameter.elements()));
          initialize(parameter, 7, values);
          std::vector<float>& to = found[parameter.name];
          to.resize(static_cast<std::size_t>(parameter.whole.elements()), -9.0f);
          if (!parameter.slicing.sliced()) ++copies[parameter.name];
          const std::int64_t columns = parameter.whole.elements() / parameter.whole[0];
          for (const SliceBox& box :
               boxes_of(parameter.slicing, parameter.whole, 0, parameter.elements())) {
            for (std::int64_t i = 0; i < box.elements(); ++i) {
              const std::int64_t at =
                  (box.row + i / box.columns) * columns + box.column + i % box.columns;
              to[static_cast<std::size_t>(at)] = values[static_cast<std::size_t>(box.at + i)];
            }
          }
        }
      }
    }
    for (const auto& layer : whole) {
      for (const Parameter& parameter : layer->parameters()) {
        if (parameter.tied_to_earlier) continue;
        INFO(config.preset << " " << parameter.name);
        std::vector<float> expected(static_cast<std::size_t>(parameter.elements()));
        initialize(parameter, 7, expected);
        CHECK(found.at(parameter.name) == expected);
        // Norms and what is added after a sum are whole on every rank, and all of the classifier's
        // convolutions and its head.
        const bool matrix = parameter.shape.rank() > 1 && config.preset != "classifier";
        if (matrix && parameter.name != "layers.0.embedding.position.weight") {
          CHECK(copies[parameter.name] == 0);
        }
      }
    }
  }
}

TEST_CASE("A run of a slice is boxes of the whole tensor, in order") {
  // Of the rows 0-5 and 6-8 of 4 columns, the second of three parts: rows 2, 3 and 7.
  const Slicing rows = slicing(0, {6, 3}, {1, 3});
  CHECK(shape_of(rows, {9, 4}) == Shape{3, 4});
  const std::vector<SliceBox> boxes = boxes_of(rows, {9, 4}, 1, 10);
  REQUIRE(boxes.size() == 3);
  const auto is = [&](std::size_t i, const SliceBox& b) {
    const SliceBox& a = boxes[i];
    return a.at == b.at && a.row == b.row && a.column == b.column && a.rows == b.rows &&
           a.columns == b.columns;
  };
  CHECK(is(0, {1, 2, 1, 1, 3}));
  CHECK(is(1, {4, 3, 0, 1, 4}));
  CHECK(is(2, {8, 7, 0, 1, 3}));
  CHECK(part_of(65, {0, 2}).count == 33);
  CHECK(part_of(65, {1, 2}).first == 33);
  CHECK(part_of(65, {1, 2}).count == 32);
}

TEST_CASE("What cannot be shared over ranks is refused with the reason") {
  const auto refused = [](const ModelConfig& config, int size) {
    return failure(config, tokens(16, 65), {0, size});
  };
  CHECK(refused(gpt(), 3).find("heads 4 cannot be shared out evenly over the 3 ranks") !=
        std::string::npos);
  CHECK(refused(llama(), 4).find("kv_heads 2 cannot") != std::string::npos);
  ModelConfig odd = gpt();
  odd.mlp_width = 65;
  CHECK(refused(odd, 2).find("the MLP's width 65 cannot") != std::string::npos);
  CHECK(refused(gpt(), 2).empty());
  const DataShape images{.row = {32, 32, 3}, .dtype = DType::kFloat32, .classes = 10};
  CHECK(failure({.preset = "resnet", .depth = 18}, images, {0, 2})
            .find("can share attention and MLPs, and the model has neither") != std::string::npos);
  ModelConfig small = gpt();
  small.vocabulary = std::string("3");
  CHECK(failure(small, tokens(16, 3), {0, 4}).find("vocabulary 3 is smaller") != std::string::npos);
}
