#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "exchange/hf_tensors.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A Llama without optional keys has Hugging Face's defaults") {
  json config = hf_config_of(small_llama());
  for (const char* key : {"num_key_value_heads", "rms_norm_eps", "rope_theta", "head_dim",
                          "tie_word_embeddings", "hidden_act", "attention_bias"}) {
    config.erase(key);
  }
  Decoder expected = small_llama();
  expected.kv_heads = 4;
  expected.epsilon = 1e-6f;
  CHECK(parsed(config) == expected);
  config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 1000.0}};
  expected.theta = 1000;
  CHECK(parsed(config) == expected);
}

TEST_CASE("A Llama that we do not compute in the same way is refused by the name of the key") {
  const Decoder llama = small_llama();
  CHECK(contains(refusal(llama, "hidden_act", "gelu"), "expected silu"));
  CHECK(contains(refusal(llama, "mlp_bias", true), "mlp_bias is true; expected false where"));
  CHECK(contains(refusal(llama, "head_dim", 5), "head_dim is 5; expected an even number"));
  CHECK(contains(refusal(llama, "num_key_value_heads", 3), "expected a divisor"));
  CHECK(contains(refusal(llama, "rope_parameters", {{"rope_type", "yarn"}}), "rope_parameters"));
  CHECK(contains(refusal(llama, "rope_scaling", {{"type", "longrope"}}), "rope_scaling: type"));
  CHECK(contains(refusal(llama, "rope_parameters", {{"partial_rotary_factor", 0.5}}),
                 "partial_rotary_factor is 0.5; expected 1"));
  CHECK(contains(refusal(llama, "rope_theta", 0), "expected a number above 0"));
}

TEST_CASE("A Llama's positions are read from the newer and from the older keys") {
  json config = hf_config_of(small_llama());
  Decoder expected = small_llama();
  expected.theta = 500000;
  expected.scaling = {RotaryStretch::kLlama3, 8, 1, 4, 16};
  const json llama3 = {{"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 16}};
  json older = config, newer = config;
  older["rope_theta"] = 500000.0;
  older["rope_scaling"] = llama3;
  older["rope_scaling"]["rope_type"] = "llama3";
  CHECK(parsed(older) == expected);
  newer.erase("rope_theta");
  newer["rope_parameters"] = llama3;
  newer["rope_parameters"]["rope_type"] = "llama3";
  newer["rope_parameters"]["rope_theta"] = 500000.0;
  CHECK(parsed(newer) == expected);
  CHECK(parsed(hf_config_of(expected)) == expected);
  expected.scaling = {RotaryStretch::kLinear, 2};
  older["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  CHECK(parsed(older) == expected);
  expected.scaling = {};
  older["rope_scaling"] = {{"type", "dynamic"}, {"factor", 2.0}};
  CHECK(parsed(older) == expected);
}

TEST_CASE("A Llama's queries, keys and values are rows of one tensor of ours, as are gate and up") {
  Decoder model = small_llama();
  model.depth = 1;
  std::vector<std::string> found;
  for (const HfTensor& tensor : hf_tensors_of(model)) {
    found.push_back(tensor.name + " " + text_of(tensor.shape()) + " " + tensor.own + " " +
                    std::to_string(tensor.first_row) + " of " + std::to_string(tensor.own_rows));
    CHECK(!tensor.transposed);
  }
  const std::string layer = "model.layers.0.";
  CHECK(found ==
        std::vector<std::string>{
            "model.embed_tokens.weight (97, 48) layers.0.embedding.token.weight 0 of 97",
            layer + "input_layernorm.weight (48) layers.1.attention.norm.weight 0 of 48",
            layer + "self_attn.q_proj.weight (48, 48) layers.1.attention.qkv.weight 0 of 96",
            layer + "self_attn.k_proj.weight (24, 48) layers.1.attention.qkv.weight 48 of 96",
            layer + "self_attn.v_proj.weight (24, 48) layers.1.attention.qkv.weight 72 of 96",
            layer + "self_attn.o_proj.weight (48, 48) layers.1.attention.projection.weight 0 of 48",
            layer + "post_attention_layernorm.weight (48) layers.2.mlp.norm.weight 0 of 48",
            layer + "mlp.gate_proj.weight (128, 48) layers.2.mlp.gate_up.weight 0 of 256",
            layer + "mlp.up_proj.weight (128, 48) layers.2.mlp.gate_up.weight 128 of 256",
            layer + "mlp.down_proj.weight (48, 128) layers.2.mlp.down.weight 0 of 48",
            "model.norm.weight (48) layers.3.rms_norm.weight 0 of 48",
            "lm_head.weight (97, 48) layers.4.linear.weight 0 of 97"});
}
