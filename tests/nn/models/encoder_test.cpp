#include "nn/models/encoder.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "encoders.h"

using namespace pipetrain;

namespace encoder_test {

namespace {

std::string why_not(const ModelConfig& config, const Encoder& model) {
  const ReadEncoder read =
      read_encoder(config, shapes_of(layers_of(model_config_of(model), model)));
  return read.why_not;
}

// Of the model with its layer `at` of the list another, or with one more option.
std::string with(const Encoder& model, std::size_t at, const LayerEntry& other) {
  ModelConfig config = model_config_of(model);
  config.layers[at] = other;
  return why_not(config, model);
}
std::string with_option(const Encoder& model, std::size_t at, const std::string& name,
                        const std::string& value) {
  ModelConfig config = model_config_of(model);
  LayerEntry& entry = config.layers[at];
  LayerEntry& changed = entry.kind == "repeat" ? entry.layers[0] : entry;
  std::erase_if(changed.options, [&](const auto& option) { return option.first == name; });
  changed.options.emplace_back(name, value);
  return why_not(config, model);
}

}  // namespace

TEST_CASE("An encoder comes back from the configuration that is written of it") {
  std::vector<Encoder> models = {small_vit(), small_bert(), small_vit(), small_bert()};
  models[2].activation = MlpActivation::kRelu;
  models[2].epsilon = 1e-5f;
  models[2].dropout = models[2].attention_dropout = 0;
  models[3].activation = MlpActivation::kGelu;
  models[3].depth = 1;
  models[3].dropout = 0;
  models[3].token_types = 1;
  models[3].labels = {"cat", "dog, \"or\" wolf", "bird: [any]"};
  for (const Encoder& model : models) {
    CAPTURE(&model - models.data());
    const ModelConfig config = model_config_of(model);
    const ReadEncoder again = read_encoder(config, shapes_of(layers_of(config, model)));
    CHECK(again.why_not == "");
    CHECK(again.model == model);
  }
}

TEST_CASE("What is no encoder is told by the first layer that shows it") {
  const Encoder vit = small_vit(), bert = small_bert();
  CHECK(with(vit, 0, {.kind = "conv2d"}) ==
        "layer 1 of its list, conv2d, stands where embedding is expected");
  CHECK(with(vit, 1, {.kind = "relu"}) ==
        "layer 2 of its list, relu, stands where class_token is expected");
  CHECK(with(vit, 3, {.kind = "relu"}) == "it has no blocks");
  CHECK(with(vit, 5, {.kind = "mean_pool"}) ==
        "layer 7 of its list, mean_pool, stands where first_token is expected");
  CHECK(with(bert, 7, {.kind = "relu"}) ==
        "layer 15 of its list, relu, stands where tanh is expected");
  ModelConfig config = model_config_of(vit);
  config.layers.push_back({.kind = "relu"});
  CHECK(why_not(config, vit) == "layer 9 of its list, relu, stands behind the head");
  config.layers.resize(5);
  CHECK(why_not(config, vit) == "its list ends where first_token is expected");
}

TEST_CASE("Options that no encoder has are told") {
  const Encoder vit = small_vit(), bert = small_bert();
  const auto says = [](const std::string& found, const std::string& why) {
    CAPTURE(found);
    return found.find(why) != std::string::npos;
  };
  CHECK(says(with_option(vit, 3, "causal", "true"), "is causal"));
  CHECK(says(with_option(vit, 3, "kv_heads", "1"), "fewer kv_heads"));
  CHECK(says(with_option(vit, 3, "head_width", "6"), "do not make up the width"));
  CHECK(says(with_option(vit, 3, "positions", "rotary"), "rotary"));
  CHECK(says(with_option(vit, 3, "score_cap", "5"), "changes scores"));
  CHECK(says(with_option(vit, 3, "head_norms", "true"), "norms of queries and keys"));
  CHECK(says(with_option(vit, 3, "norm_behind", "true"), "a norm behind"));
  CHECK(says(with_option(vit, 3, "residual", "false"), "is not added"));
  CHECK(says(with_option(vit, 3, "norm", "rms_norm"), "has not norm layer_norm"));
  CHECK(says(with_option(vit, 3, "bias", "false"), "has no biases"));
  CHECK(says(with_option(vit, 3, "activation", "swiglu"), "has a gate"));
  CHECK(says(with_option(vit, 3, "parallel", "true"), "is parallel"));
  CHECK(says(with_option(vit, 3, "dropout", "0.5"), "another dropout than the embedding"));
  CHECK(says(with_option(vit, 4, "epsilon", "0.5"), "another epsilon"));
  CHECK(says(with_option(vit, 6, "cap", "5"), "caps its outputs"));
  for (const char* labels : {"cat", "[\"a\"]", "[1, 2, 3]", "{}"}) {
    CHECK(says(with_option(vit, 6, "labels", labels), "no JSON list of a text for each class"));
  }
  CHECK(says(with_option(bert, 0, "scaled", "true"), "is scaled"));
  CHECK(says(with_option(bert, 0, "dropout", "0.5"), "dropout of its own"));
  CHECK(says(with_option(bert, 4, "norm", "layer_norm"), "has not norm none"));
  CHECK(says(with_option(bert, 6, "features", "9"), "other features than the width"));
}

TEST_CASE("Blocks that differ, and images that are no squares, are told") {
  const Encoder vit = small_vit();
  ModelConfig config = model_config_of(vit);
  LayerEntry other = config.layers[3].layers[0];
  config.layers[3] = other;
  other.options.front().second = "4";  // heads
  config.layers.insert(config.layers.begin() + 4, other);
  CHECK(why_not(config, vit) ==
        "layer 5 of its list, transformer_block, differs from the blocks before");
  config = model_config_of(vit);
  const LayerList layers =
      build_layers(config, {.row = {6, 8, 3}, .dtype = DType::kFloat32, .classes = 3});
  CHECK(read_encoder(config, shapes_of(layers)).why_not ==
        "layer 3 of its list, positions, is of images that are no squares");
}

}  // namespace encoder_test
