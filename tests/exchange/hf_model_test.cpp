#include "exchange/hf_model.h"

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "hf_models.h"
#include "nn/layers/model.h"
#include "nn/presets/presets.h"

using namespace pipetrain;

namespace {

Config listed(const std::string& kinds) {
  Config config;
  config.data.format = "tokens";
  config.data.sequence_length = 16;
  std::istringstream words(kinds);
  for (std::string kind; words >> kind;) config.model.layers.push_back({.kind = kind});
  return config;
}

}  // namespace

TEST_CASE("A model comes back from its configurations, Hugging Face's and our own") {
  std::vector<Decoder> models = {small_gpt2(), small_llama()};
  for (int i = 0; i < 2; ++i) {
    models.push_back(models[static_cast<std::size_t>(i)]);
    models.back().tied = !models.back().tied;
    models.back().epsilon = 1e-6f;
  }
  models[2].activation = MlpActivation::kRelu;
  models[2].embedding_dropout = 0;
  models[2].attention_dropout = 0.25;
  models[3].theta = 500000;
  models[3].attention_dropout = 0.5;
  for (const Decoder& model : models) {
    CHECK(parsed(hf_config_of(model)) == model);
    Config config;
    config.data.format = "tokens";
    config.data.sequence_length = model.context;
    config.model = model_config_of(model);
    CHECK(hf_model_of(config, with_vocabulary(model.vocabulary)) == HfModel(model));
  }
}

TEST_CASE("A model that neither family has is refused with the reason") {
  const auto refused = [](const Config& config) {
    return error_of([&] { hf_model_of(config, with_vocabulary(97)); }, ExitCode::kConfiguration);
  };
  Config config;
  config.data.sequence_length = 16;
  config.model = {.preset = "classifier", .depth = 1, .heads = 2, .width = 8};
  config.data.format = "csv";
  CHECK(contains(refused(config),
                 "layer 1 of its list, embedding, has no positions; expected layers as those of "
                 "an imported BERT"));

  config.data.format = "tokens";
  config.model = model_config_of(small_gpt2());
  config.model.kv_heads = 2;
  CHECK(contains(refused(config), "it has fewer kv_heads than heads, which GPT-2 has not"));
  config.model = {.layers = expand_preset(model_config_of(small_llama()))};
  auto& block = config.model.layers[1].layers[0].options;
  block.emplace_back("causal", "false");
  CHECK(contains(refused(config), "is not causal"));
  block.back() = {"epsilon", "0.001"};
  CHECK(contains(refused(config), "rms_norm, has another epsilon than the blocks"));
  config.model.layers[2].kind = "layer_norm";
  CHECK(contains(refused(config), "layer_norm, is not a norm like those of the blocks"));
  config.model.layers.erase(config.model.layers.begin() + 1);
  CHECK(contains(refused(config), "too few layers"));
  CHECK(contains(refused(listed("conv2d relu layer_norm linear")), "conv2d, is not an embedding"));
}

TEST_CASE("A model is a preset where that has keys for all of it, else its layers in a list") {
  CHECK(model_config_of(small_gpt2()).preset == "gpt");
  CHECK(model_config_of(small_gpt2()).mlp_width == 100);
  CHECK(model_config_of(small_llama()).preset == "llama");
  CHECK(model_config_of(small_llama()).kv_heads == 2);
  Decoder other = small_llama();
  other.theta = 5;
  CHECK(model_config_of(other).preset.empty());
  CHECK(model_config_of(other).layers.size() == 4);
}
