#include "exchange/hf_config.h"

#include <cstddef>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/table.h"
#include "catch.h"
#include "exchange/hf_model.h"
#include "nn/layers/model.h"
#include "nn/presets/presets.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

HfModel gpt2() {
  return {.family = find_row(hf_families(), "gpt2"),
          .depth = 3,
          .heads = 4,
          .kv_heads = 4,
          .width = 48,
          .mlp_width = 100,
          .context = 32,
          .vocabulary = 97,
          .tied = true,
          .dropout = 0.1,
          .embedding_dropout = 0.1,
          .attention_dropout = 0.1};
}

HfModel llama() {
  return {.family = find_row(hf_families(), "llama"),
          .depth = 2,
          .heads = 4,
          .kv_heads = 2,
          .width = 48,
          .mlp_width = 128,
          .context = 64,
          .vocabulary = 97};
}

std::string error_of(const std::function<void()>& work, ExitCode code) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

// As it comes from a file.
HfModel parsed(const json& config, const std::string& file = "x") {
  return parse_hf_config(json::parse(config.dump()), file);
}

// Of a configuration with one key changed; null takes it away.
std::string refusal(const HfModel& model, const std::string& key, const json& value) {
  json config = hf_config_of(model);
  config[key] = value;
  const std::string error = error_of([&] { parsed(config, "config.json"); }, ExitCode::kCheckpoint);
  CHECK(error.starts_with("checkpoint: config.json: "));
  return error;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Config config_of(const std::string& yaml_layers) {
  Config config;
  config.data.format = "tokens";
  config.data.sequence_length = 16;
  std::istringstream words(yaml_layers);
  for (std::string kind; words >> kind;) config.model.layers.push_back({.kind = kind});
  return config;
}

}  // namespace

TEST_CASE("A model comes back from its configurations, Hugging Face's and our own") {
  std::vector<HfModel> models = {gpt2(), llama()};
  for (int i = 0; i < 2; ++i) {
    models.push_back(models[static_cast<std::size_t>(i)]);
    models.back().tied = !models.back().tied;
    models.back().epsilon = 1e-6f;
  }
  models[2].relu = true;
  models[2].embedding_dropout = 0;
  models[2].attention_dropout = 0.25;
  models[3].theta = 500000;
  models[3].attention_dropout = 0.5;
  for (const HfModel& model : models) {
    CHECK(parsed(hf_config_of(model)) == model);
    Config config;
    config.data.format = "tokens";
    config.data.sequence_length = model.context;
    config.model = model_config_of(model);
    CHECK(hf_model_of(config, model.vocabulary) == model);
  }
}

TEST_CASE("A configuration without optional keys has Hugging Face's defaults") {
  json config = hf_config_of(llama());
  for (const char* key : {"num_key_value_heads", "rms_norm_eps", "rope_theta", "head_dim",
                          "tie_word_embeddings", "hidden_act", "attention_bias"}) {
    config.erase(key);
  }
  HfModel expected = llama();
  expected.kv_heads = 4;
  expected.epsilon = 1e-6f;
  CHECK(parsed(config) == expected);
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1000.0}};
  expected.theta = 1000;
  CHECK(parsed(config) == expected);

  config = hf_config_of(gpt2());
  for (const char* key : {"n_inner", "layer_norm_epsilon", "tie_word_embeddings", "resid_pdrop",
                          "embd_pdrop", "attn_pdrop"}) {
    config.erase(key);
  }
  expected = gpt2();
  expected.mlp_width = 4 * 48;
  CHECK(parsed(config) == expected);
}

TEST_CASE("What we do not compute in the same way is refused by the name of its key") {
  CHECK(
      has(refusal(gpt2(), "model_type", "bert"), "model_type is \"bert\"; expected gpt2 or llama"));
  CHECK(has(refusal(gpt2(), "activation_function", "gelu"), "expected gelu_new"));
  CHECK(has(refusal(gpt2(), "n_layer", json()), "n_layer is missing"));
  CHECK(has(refusal(gpt2(), "n_layer", -2), "n_layer is -2"));
  CHECK(has(refusal(gpt2(), "n_embd", 1.5), "n_embd is 1.5"));
  CHECK(has(refusal(gpt2(), "n_head", 5), "n_head is 5; expected a divisor of the width, 48"));
  CHECK(has(refusal(gpt2(), "attn_pdrop", "NaN"), "attn_pdrop is \"NaN\"; expected a rate"));
  CHECK(has(refusal(gpt2(), "scale_attn_by_inverse_layer_idx", true), "expected false"));
  CHECK(has(refusal(gpt2(), "layer_norm_epsilon", 0), "layer_norm_epsilon is 0"));
  CHECK(has(refusal(llama(), "hidden_act", "gelu"), "expected silu"));
  CHECK(has(refusal(llama(), "attention_bias", true), "attention_bias is true; expected false"));
  CHECK(has(refusal(llama(), "head_dim", 16), "head_dim is 16; expected hidden_size"));
  CHECK(has(refusal(llama(), "num_key_value_heads", 3), "expected a divisor"));
  CHECK(has(refusal(llama(), "num_attention_heads", 16), "even number of entries"));
  CHECK(
      has(refusal(llama(), "rope_scaling", {{"rope_type", "llama3"}}), "rope_scaling: rope_type"));
  CHECK(has(refusal(llama(), "rope_parameters", {{"rope_type", "yarn"}}), "rope_parameters"));
  CHECK(has(refusal(llama(), "rope_theta", 0), "expected a number above 0"));
  CHECK(has(refusal(llama(), "quantization_config", {{"bits", 4}}), "quantized"));
}

TEST_CASE("A model that neither family has is refused with the reason") {
  const auto refused = [](const Config& config) {
    return error_of([&] { hf_model_of(config, 97); }, ExitCode::kConfiguration);
  };
  Config config;
  config.data.sequence_length = 16;
  config.model = {.preset = "classifier"};
  config.data.format = "csv";
  CHECK(has(refused(config), "its data have labels"));

  config.data.format = "tokens";
  config.model = model_config_of(gpt2());
  config.model.kv_heads = 2;
  CHECK(has(refused(config), "transformer_block, has fewer kv_heads, which GPT-2 has not"));
  config.model = {.layers = expand_preset(model_config_of(llama()))};
  auto& block = config.model.layers[1].layers[0].options;
  block.emplace_back("causal", "false");
  CHECK(has(refused(config), "is not causal"));
  block.back() = {"epsilon", "0.001"};
  CHECK(has(refused(config), "rms_norm, has another epsilon than the blocks"));
  config.model.layers[2].kind = "layer_norm";
  CHECK(has(refused(config), "layer_norm, stands before the last, which Llama has not"));
  config.model.layers.erase(config.model.layers.begin() + 1);
  CHECK(has(refused(config), "too few layers"));
  CHECK(has(refused(config_of("conv2d relu layer_norm linear")), "conv2d, is not an embedding"));
}
