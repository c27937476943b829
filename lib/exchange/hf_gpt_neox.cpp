// Hugging Face's GPT-NeoX, as Pythia is one: attention and MLP in parallel, a part of each head
// turned, queries, keys and values of one head after the other (Black et al., arXiv:2204.06745,
// section 2.1).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_activation.h"
#include "exchange/hf_blocks.h"
#include "exchange/hf_tensor_list.h"
#include "nn/layers/embedding.h"
#include "nn/models/decoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
Decoder parse_hf_gpt_neox(const HfFields& fields) {
  Decoder model{.depth = fields.size("num_hidden_layers"),
                .heads = fields.size("num_attention_heads"),
                .width = fields.size("hidden_size"),
                .mlp_width = fields.size("intermediate_size"),
                .context = fields.size("max_position_embeddings", 2048),
                .vocabulary = fields.size("vocab_size"),
                .activation = parse_hf_activation(fields, "hidden_act", MlpActivation::kExactGelu),
                .epsilon = fields.epsilon("layer_norm_eps", 1e-5),
                .tied = fields.flag("tie_word_embeddings", false),
                .parallel = fields.flag("use_parallel_residual", true),
                .dropout = fields.rate("hidden_dropout", 0),
                .attention_dropout = fields.rate("attention_dropout", 0)};
  model.kv_heads = model.heads;
  model.embedding_dropout = model.dropout;
  fields.must_be("attention_bias", true);
  if (model.width % model.heads != 0) {
    fields.fail("num_attention_heads", "a divisor of the width, " + std::to_string(model.width));
  }
  const auto part = [](double x) { return x > 0 && x <= 1; };
  const double turned = fields.number("rotary_pct", 0.25, "a part from above 0 to 1", part);
  parse_hf_rotary(fields, fields.positive("rotary_emb_base", 10000), model, turned);
  return model;
}

nlohmann::ordered_json hf_gpt_neox_config(const Decoder& model) {
  nlohmann::ordered_json config = hf_blocks_config(model);
  const int turned = model.rotary_width > 0 ? model.rotary_width : model.width_of_head();
  config["hidden_act"] = hf_activation(model.activation);
  config["layer_norm_eps"] = config["rms_norm_eps"];
  config["rotary_pct"] = static_cast<double>(turned) / model.width_of_head();
  config["partial_rotary_factor"] = config["rotary_pct"];
  config["rotary_emb_base"] = model.theta;
  config["use_parallel_residual"] = model.parallel;
  config["attention_bias"] = true;
  config["hidden_dropout"] = model.dropout;
  for (const char* other : {"rms_norm_eps", "num_key_value_heads", "head_dim", "mlp_bias"}) {
    config.erase(other);
  }
  return config;
}

std::vector<HfTensor> hf_gpt_neox_tensors(const Decoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::string root = "gpt_neox.";
  list.add(root + "embed_in.weight", token_table_name(), model.vocabulary, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "gpt_neox.layers." + std::to_string(i) + ".";
    const DecoderBlockNames own = names_of_block(model, i);
    list.add_norm(block + "input_layernorm", own.attention_norm, C);
    list.add_product(block + "attention.query_key_value", own.qkv, 3 * C, C,
                     {.head_rows = model.width_of_head()});
    list.add_product(block + "attention.dense", own.projection, C, C);
    list.add_norm(block + "post_attention_layernorm", own.mlp_norm, C);
    list.add_product(block + "mlp.dense_h_to_4h", own.up, hidden, C);
    list.add_product(block + "mlp.dense_4h_to_h", own.down, C, hidden);
  }
  list.add_norm(root + "final_layer_norm", last_norm_name(model), C);
  return list.take();
}

}  // namespace pipetrain
