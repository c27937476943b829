// What a config.json of a family does not say, by the defaults of its class in transformers 5.24.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

struct Defaults {
  const char* family;
  int context, kv_heads, head_width, window;
  double epsilon, theta, dropout;
  bool tied;
};

constexpr double kTheta = 10000;
constexpr Defaults kDefaults[] = {
    {"llama", 2048, 32, 16, 0, 1e-6, kTheta, 0, false},
    {"mistral", 131072, 8, 16, 4096, 1e-6, kTheta, 0, false},
    {"qwen2", 32768, 32, 16, 0, 1e-6, kTheta, 0, false},
    {"qwen3", 32768, 32, 128, 0, 1e-6, kTheta, 0, false},
    {"smollm3", 32768, 4, 16, 0, 1e-6, 2000000, 0, true},
    {"phi3", 4096, 32, 16, 0, 1e-5, kTheta, 0, false},
    {"gemma", 8192, 16, 256, 0, 1e-6, kTheta, 0, true},
    {"gemma2", 8192, 4, 256, 4096, 1e-6, kTheta, 0, true},
    {"gpt_neox", 2048, 32, 16, 0, 1e-5, kTheta, 0, false},
    {"opt", 2048, 32, 16, 0, 1e-5, kTheta, 0.1, true},
    {"gpt2", 1024, 32, 16, 0, 1e-5, kTheta, 0.1, true},
};

// With sizes alone.
json short_config(const std::string& family) {
  if (family == "gpt2") {
    return {{"model_type", family}, {"vocab_size", 40}, {"n_embd", 512},
            {"n_layer", 4},         {"n_head", 32},     {"n_positions", 1024}};
  }
  const char* const hidden = family == "opt" ? "ffn_dim" : "intermediate_size";
  return {{"model_type", family},   {"vocab_size", 40}, {"hidden_size", 512},
          {"num_hidden_layers", 4}, {hidden, 64},       {"num_attention_heads", 32}};
}

}  // namespace

TEST_CASE("What a configuration does not say has the default of its family's class") {
  for (const Defaults& expected : kDefaults) {
    CAPTURE(expected.family);
    const auto model = parsed(short_config(expected.family));
    CHECK(model.context == expected.context);
    CHECK(model.kv_heads == expected.kv_heads);
    CHECK(model.width_of_head() == expected.head_width);
    CHECK(model.window == expected.window);
    CHECK(model.epsilon == static_cast<float>(expected.epsilon));
    CHECK(model.theta == expected.theta);
    CHECK(model.dropout == expected.dropout);
    CHECK(model.tied == expected.tied);
  }
}

TEST_CASE("Defaults of single families") {
  const Decoder gemma2 = parsed(short_config("gemma2"));
  CHECK(gemma2.score_cap == 50);
  CHECK(gemma2.logit_cap == 30);
  CHECK(gemma2.windowed == std::vector<bool>{true, false, true, false});
  CHECK(parsed(short_config("smollm3")).turned == std::vector<bool>{true, true, true, false});
  const Decoder neox = parsed(short_config("gpt_neox"));
  CHECK(neox.rotary_width == 4);
  CHECK(neox.parallel);
  CHECK(neox.activation == MlpActivation::kExactGelu);
  CHECK(parsed(short_config("opt")).activation == MlpActivation::kRelu);
  const Decoder gpt2 = parsed(short_config("gpt2"));
  CHECK(gpt2.mlp_width == 2048);
  CHECK(gpt2.embedding_dropout == 0.1);
  CHECK(gpt2.attention_dropout == 0.1);
  json scaled = short_config("llama");
  scaled["rope_scaling"] = {{"rope_type", "llama3"}, {"factor", 8}};
  const RotaryScaling scaling = parsed(scaled).scaling;
  CHECK(scaling.low == 1);
  CHECK(scaling.high == 4);
  CHECK(scaling.context == 2048);
}
