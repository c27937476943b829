#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "exchange/hf_tensors.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A GPT-2 without optional keys has Hugging Face's defaults") {
  json config = hf_config_of(small_gpt2());
  for (const char* key : {"n_inner", "layer_norm_epsilon", "tie_word_embeddings", "resid_pdrop",
                          "embd_pdrop", "attn_pdrop"}) {
    config.erase(key);
  }
  Decoder expected = small_gpt2();
  expected.mlp_width = 4 * 48;
  CHECK(parsed(config) == expected);
}

TEST_CASE("A GPT-2 that we do not compute in the same way is refused by the name of the key") {
  CHECK(contains(refusal(small_gpt2(), "activation_function", "silu"), "expected gelu or"));
  CHECK(contains(refusal(small_gpt2(), "n_layer", json()), "n_layer is missing"));
  CHECK(contains(refusal(small_gpt2(), "n_layer", -2), "n_layer is -2"));
  CHECK(contains(refusal(small_gpt2(), "n_embd", 1.5), "n_embd is 1.5"));
  CHECK(contains(refusal(small_gpt2(), "n_head", 5),
                 "n_head is 5; expected a divisor of the width, 48"));
  CHECK(contains(refusal(small_gpt2(), "attn_pdrop", "NaN"),
                 "attn_pdrop is \"NaN\"; expected a rate"));
  CHECK(contains(refusal(small_gpt2(), "scale_attn_by_inverse_layer_idx", true), "expected false"));
  CHECK(contains(refusal(small_gpt2(), "scale_attn_weights", false), "expected true"));
  CHECK(contains(refusal(small_gpt2(), "add_cross_attention", true), "expected false"));
  CHECK(contains(refusal(small_gpt2(), "layer_norm_epsilon", 0), "layer_norm_epsilon is 0"));
  json wide = hf_config_of(small_gpt2());
  wide.erase("n_inner");
  wide["n_embd"] = 2000000000;
  CHECK(contains(error_of([&] { parsed(wide); }, ExitCode::kCheckpoint),
                 "n_embd is 2000000000; expected a width whose fourfold"));
}

TEST_CASE("A GPT-2's activation is GELU under several names, or ReLU") {
  json config = hf_config_of(small_gpt2());
  for (const std::string name : {"gelu_fast", "gelu_pytorch_tanh"}) {
    config["activation_function"] = name;
    CHECK(parsed(config) == small_gpt2());
  }
  config["activation_function"] = "relu";
  CHECK(parsed(config).activation == MlpActivation::kRelu);
  CHECK(hf_config_of(parsed(config))["activation_function"] == "relu");
}

TEST_CASE("A GPT-2's products lie transposed, as (in, out), its other tensors as ours") {
  Decoder model = small_gpt2();
  model.depth = 1;
  std::vector<std::string> found;
  for (const HfTensor& tensor : hf_tensors_of(model)) {
    found.push_back(tensor.name + " " + text_of(tensor.shape()) + " " + tensor.own +
                    (tensor.transposed ? " transposed" : ""));
  }
  const std::string h = "transformer.h.0.";
  CHECK(found ==
        std::vector<std::string>{
            "transformer.wte.weight (97, 48) layers.0.embedding.token.weight",
            "transformer.wpe.weight (32, 48) layers.0.embedding.position.weight",
            h + "ln_1.weight (48) layers.1.attention.norm.weight",
            h + "ln_1.bias (48) layers.1.attention.norm.bias",
            h + "attn.c_attn.weight (48, 144) layers.1.attention.qkv.weight transposed",
            h + "attn.c_attn.bias (144) layers.1.attention.qkv.bias",
            h + "attn.c_proj.weight (48, 48) layers.1.attention.projection.weight transposed",
            h + "attn.c_proj.bias (48) layers.1.attention.projection.bias",
            h + "ln_2.weight (48) layers.2.mlp.norm.weight",
            h + "ln_2.bias (48) layers.2.mlp.norm.bias",
            h + "mlp.c_fc.weight (48, 100) layers.2.mlp.up.weight transposed",
            h + "mlp.c_fc.bias (100) layers.2.mlp.up.bias",
            h + "mlp.c_proj.weight (100, 48) layers.2.mlp.down.weight transposed",
            h + "mlp.c_proj.bias (48) layers.2.mlp.down.bias",
            "transformer.ln_f.weight (48) layers.3.layer_norm.weight",
            "transformer.ln_f.bias (48) layers.3.layer_norm.bias"});
}
