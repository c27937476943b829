#include "nn/models/decoder.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "nn/presets/presets.h"

using namespace pipetrain;

namespace decoder_test {

namespace {

using Trait = DecoderTrait;

const std::vector<DecoderFamily> kFamilies = {
    {.title = "A", .preset = "gpt", .may = Trait::kRelu},
    {.title = "B",
     .preset = "llama",
     .needs = Trait::kRmsNorms | Trait::kNoBiases | Trait::kRotary | Trait::kSwiGlu,
     .may = Trait::kFewerKvHeads,
     .dropout = false}};

constexpr int kContext = 16, kVocabulary = 13;

Decoder small(int family) {
  Decoder model{.family = kFamilies[static_cast<std::size_t>(family)],
                .depth = 2,
                .heads = 4,
                .kv_heads = 4,
                .width = 16,
                .mlp_width = 24,
                .context = kContext,
                .vocabulary = kVocabulary};
  if (family == 1) {
    model.activation = MlpActivation::kSwiGlu;
    model.norm = NormKind::kRms;
    model.bias = BranchBias::kNone;
    model.rotary = true;
  }
  return model;
}

ReadDecoder read(const ModelConfig& config) {
  return read_decoder(config, kContext, kVocabulary, kFamilies);
}

// Of a model as the list of layers that its preset stands for.
ModelConfig list_of(const Decoder& model) {
  return {.layers = expand_preset(model_config_of(model))};
}

LayerEntry& block_of(ModelConfig& config) { return config.layers[1].layers[0]; }

}  // namespace

TEST_CASE("A decoder comes back from the configuration that is written of it") {
  std::vector<Decoder> models = {small(0), small(1), small(0), small(1)};
  models[1].kv_heads = 2;
  models[2].activation = MlpActivation::kRelu;
  models[2].epsilon = 1e-6f;
  models[2].dropout = 0.25;
  models[2].attention_dropout = 0.5;
  models[3].theta = 5;
  models[3].tied = true;
  // What the families here have not, another may.
  const auto more = [&](int family, const auto& change) {
    models.push_back(small(family));
    change(models.back());
    models.back().family.may = ~0U;
    models.back().family.needs = 0;
  };
  more(0, [](Decoder& m) { m.bias = BranchBias::kNone, m.norm = NormKind::kRms; });
  more(0, [](Decoder& m) { m.parallel = true, m.activation = MlpActivation::kExactGelu; });
  more(1, [](Decoder& m) { m.bias = BranchBias::kQkv, m.head_width = 6, m.head_norms = true; });
  more(1, [](Decoder& m) { m.bias = BranchBias::kAttention, m.norm_behind = true; });
  more(1, [](Decoder& m) { m.score_cap = 50, m.logit_cap = 30, m.score_width = 224; });
  more(1, [](Decoder& m) { m.scaled_embedding = true, m.activation = MlpActivation::kGeGlu; });
  more(1, [](Decoder& m) { m.window = 7; });
  more(1, [](Decoder& m) { m.window = 7, m.windowed = {true, false}; });
  more(1, [](Decoder& m) { m.depth = 3, m.turned = {true, true, false}, m.rotary_width = 2; });
  more(1, [](Decoder& m) { m.scaling = {RotaryStretch::kLinear, 2.5}; });
  more(1, [](Decoder& m) { m.scaling = {RotaryStretch::kLlama3, 8, 1, 4, 4096}; });
  for (const Decoder& model : models) {
    CAPTURE(&model - models.data());
    const std::vector<DecoderFamily> families = {model.family};
    const ReadDecoder again = read_decoder(model_config_of(model), kContext, kVocabulary, families);
    CHECK(again.why_not == "");
    CHECK(again.model == model);
  }
}

TEST_CASE("Blocks that come again are written once") {
  Decoder model = small(1);
  model.depth = 6;
  model.window = 7;
  model.windowed = {true, false, true, false, true, false};
  ModelConfig config = model_config_of(model);
  CHECK(config.layers[1].layers.size() == 2);
  CHECK(config.layers[1].options.front().second == "3");
  model.windowed.back() = true;
  CHECK(model_config_of(model).layers[1].layers.size() == 6);
}

TEST_CASE("A preset is written where it has keys for all of the model, else its layers") {
  CHECK(model_config_of(small(0)).preset == "gpt");
  CHECK(model_config_of(small(1)).preset == "llama");
  Decoder other = small(0);
  other.activation = MlpActivation::kRelu;
  other.epsilon = 1e-6f;
  other.embedding_dropout = 0.5;
  ModelConfig config = model_config_of(other);
  CHECK(config.preset.empty());
  using Options = std::vector<std::pair<std::string, std::string>>;
  CHECK(block_of(config).options ==
        Options{{"heads", "4"}, {"mlp_width", "24"}, {"activation", "relu"}, {"epsilon", "1e-06"}});
  CHECK(config.layers[0].options.back() == std::pair<std::string, std::string>{"dropout", "0.5"});
}

TEST_CASE("Of the families a model is of the nearest, rather one with such positions") {
  ModelConfig config = list_of(small(1));
  block_of(config).options.emplace_back("bias", "true");
  std::erase(block_of(config).options, std::pair<std::string, std::string>{"bias", "false"});
  CHECK(read(config).why_not == "it has no products without biases, which B has");
  config = list_of(small(0));
  block_of(config).options.emplace_back("activation", "swiglu");
  CHECK(read(config).why_not == "it has SwiGLU, which A has not");
}

TEST_CASE("Dropout that a family has not is left out") {
  ModelConfig config = list_of(small(1));
  block_of(config).options.emplace_back("dropout", "0.5");
  config.layers[0].options.emplace_back("dropout", "0.25");
  Decoder expected = small(1);
  expected.attention_dropout = 0.5;
  CHECK(read(config).model == expected);
}

TEST_CASE("What is no decoder is told by the first layer that shows it") {
  const auto why_not = [](std::size_t layer, const std::string& kind) {
    ModelConfig config = list_of(small(0));
    config.layers[layer] = {.kind = kind};
    return read(config).why_not;
  };
  CHECK(why_not(0, "conv1d") == "layer 1 of its list, conv1d, is not an embedding of tokens");
  CHECK(why_not(1, "relu") == "layer 2 of its list, relu, stands between embedding and last norm");
  CHECK(why_not(2, "rms_norm") ==
        "layer 4 of its list, rms_norm, is not a norm like those of the blocks");
  CHECK(why_not(3, "relu") == "layer 5 of its list, relu, is the last, expected a linear layer");

  ModelConfig config = list_of(small(0));
  ModelConfig short_list = config;
  short_list.layers.erase(short_list.layers.begin() + 1);
  CHECK(read(short_list).why_not == "it has too few layers");
  const LayerEntry first = block_of(config);
  LayerEntry second = first;
  second.options.emplace_back("dropout", "0.5");
  config.layers[1] = first;
  config.layers.insert(config.layers.begin() + 2, second);
  CHECK(read(config).why_not ==
        "layer 3 of its list, transformer_block, differs from the blocks before");
  config.layers[2] = {.kind = "relu"};
  CHECK(read(config).why_not ==
        "layer 3 of its list, relu, stands between embedding and last norm");
}

}  // namespace decoder_test
