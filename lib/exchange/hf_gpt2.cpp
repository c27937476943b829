// Hugging Face's GPT-2: its config.json and its tensors (Radford et al. 2019, section 2.3).
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_fields.h"
#include "exchange/hf_tensor_list.h"

namespace pipetrain {

HfModel parse_hf_gpt2(const HfFields& fields) {
  HfModel model{.depth = fields.size("n_layer"),
                .heads = fields.size("n_head"),
                .width = fields.size("n_embd"),
                .context = fields.size("n_positions"),
                .vocabulary = fields.size("vocab_size"),
                .epsilon = fields.epsilon("layer_norm_epsilon", 1e-5),
                .tied = fields.flag("tie_word_embeddings", true),
                .dropout = fields.rate("resid_pdrop", 0.1),
                .embedding_dropout = fields.rate("embd_pdrop", 0.1),
                .attention_dropout = fields.rate("attn_pdrop", 0.1)};
  model.kv_heads = model.heads;
  if (!fields.has("n_inner") && model.width > std::numeric_limits<int>::max() / 4) {
    fields.fail("n_embd", "a width whose fourfold is a number of 32 bits");
  }
  model.mlp_width = fields.has("n_inner") ? fields.size("n_inner") : 4 * model.width;
  const std::string activation = fields.text("activation_function", "gelu_new");
  model.relu = activation == "relu";
  if (!model.relu && activation != "gelu_new" && activation != "gelu_fast" &&
      activation != "gelu_pytorch_tanh") {
    fields.fail("activation_function", "gelu_new, gelu_fast, gelu_pytorch_tanh or relu");
  }
  fields.must_be("scale_attn_weights", true);
  fields.must_be("scale_attn_by_inverse_layer_idx", false);
  fields.must_be("add_cross_attention", false);
  if (model.width % model.heads != 0) {
    fields.fail("n_head", "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

nlohmann::ordered_json hf_gpt2_config(const HfModel& model) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", model.vocabulary},
          {"n_positions", model.context},
          {"n_embd", model.width},
          {"n_layer", model.depth},
          {"n_head", model.heads},
          {"n_inner", model.mlp_width},
          {"activation_function", model.relu ? "relu" : "gelu_new"},
          {"layer_norm_epsilon", few_digits(model.epsilon)},
          {"embd_pdrop", model.embedding_dropout},
          {"attn_pdrop", model.attention_dropout},
          {"resid_pdrop", model.dropout}};
}

std::vector<HfTensor> hf_gpt2_tensors(const HfModel& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::string root = "transformer.", embedding = "layers.0.embedding.";
  list.add(root + "wte.weight", embedding + "token.weight", model.vocabulary, C);
  list.add(root + "wpe.weight", embedding + "position.weight", model.context, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = root + "h." + std::to_string(i) + ".";
    const auto norm = [&](const std::string& name, const std::string& own) {
      list.add(block + name + ".weight", own + ".weight", C);
      list.add(block + name + ".bias", own + ".bias", C);
    };
    // Their Conv1D has its weight as (in, out).
    const auto product = [&](const std::string& name, const std::string& own, std::int64_t out,
                             std::int64_t in) {
      list.add(block + name + ".weight", own + ".weight", out, in, /*transposed=*/true);
      list.add(block + name + ".bias", own + ".bias", out);
    };
    const std::string attention = half_of_block(i, "attention"), mlp = half_of_block(i, "mlp");
    norm("ln_1", attention + "norm");
    product("attn.c_attn", attention + "qkv", 3 * C, C);
    product("attn.c_proj", attention + "projection", C, C);
    norm("ln_2", mlp + "norm");
    product("mlp.c_fc", mlp + "up", hidden, C);
    product("mlp.c_proj", mlp + "down", C, hidden);
  }
  const std::string last = "layers." + std::to_string(1 + 2 * model.depth) + ".layer_norm.";
  list.add(root + "ln_f.weight", last + "weight", C);
  list.add(root + "ln_f.bias", last + "bias", C);
  return list.take();
}

}  // namespace pipetrain
