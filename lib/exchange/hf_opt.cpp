// Hugging Face's OPT: GPT-2's blocks with ReLU; its positions begin behind two rows that are not
// used (Zhang et al., arXiv:2205.01068, section 2.1).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_activation.h"
#include "exchange/hf_fields.h"
#include "exchange/hf_tensor_list.h"
#include "nn/layers/embedding.h"
#include "nn/models/decoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kUnusedPositions = 2;

}  // namespace

Decoder parse_hf_opt(const HfFields& fields) {
  Decoder model{
      .depth = fields.size("num_hidden_layers"),
      .heads = fields.size("num_attention_heads"),
      .width = fields.size("hidden_size"),
      .mlp_width = fields.size("ffn_dim"),
      .context = fields.size("max_position_embeddings", 2048),
      .vocabulary = fields.size("vocab_size"),
      .activation = parse_hf_activation(fields, "activation_function", MlpActivation::kRelu),
      .tied = fields.flag("tie_word_embeddings", true),
      .dropout = fields.rate("dropout", 0.1),
      .attention_dropout = fields.rate("attention_dropout", 0)};
  model.kv_heads = model.heads;
  if (fields.size("word_embed_proj_dim", model.width) != model.width) {
    fields.fail("word_embed_proj_dim", "hidden_size, " + std::to_string(model.width));
  }
  for (const char* key : {"do_layer_norm_before", "enable_bias", "layer_norm_elementwise_affine"}) {
    fields.must_be(key, true);
  }
  fields.must_be("_remove_final_layer_norm", false);
  if (model.width % model.heads != 0) {
    fields.fail("num_attention_heads", "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

nlohmann::ordered_json hf_opt_config(const Decoder& model) {
  return {{"vocab_size", model.vocabulary},
          {"max_position_embeddings", model.context},
          {"hidden_size", model.width},
          {"word_embed_proj_dim", model.width},
          {"ffn_dim", model.mlp_width},
          {"num_hidden_layers", model.depth},
          {"num_attention_heads", model.heads},
          {"activation_function", hf_activation(model.activation)},
          {"do_layer_norm_before", true},
          {"dropout", model.dropout},
          {"attention_dropout", model.attention_dropout}};
}

std::vector<HfTensor> hf_opt_tensors(const Decoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::string root = "model.decoder.";
  list.add(root + "embed_tokens.weight", token_table_name(), model.vocabulary, C);
  list.add(root + "embed_positions.weight", position_table_name(), model.context, C).unused_rows =
      kUnusedPositions;
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "model.decoder.layers." + std::to_string(i) + ".";
    const std::string attention = block + "self_attn.";
    const DecoderBlockNames own = names_of_block(model, i);
    list.add_norm(block + "self_attn_layer_norm", own.attention_norm, C);
    list.add_stacked_product(
        {{attention + "q_proj", C}, {attention + "k_proj", C}, {attention + "v_proj", C}}, own.qkv,
        C);
    list.add_product(attention + "out_proj", own.projection, C, C);
    list.add_norm(block + "final_layer_norm", own.mlp_norm, C);
    list.add_product(block + "fc1", own.up, hidden, C);
    list.add_product(block + "fc2", own.down, C, hidden);
  }
  list.add_norm(root + "final_layer_norm", last_norm_name(model), C);
  return list.take();
}

}  // namespace pipetrain
