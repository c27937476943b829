// Hugging Face's OPT: GPT-2's blocks with ReLU; its positions begin behind two rows that are not
// used (Zhang et al., arXiv:2205.01068, section 2.1).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "exchange/hf_fields.h"
#include "exchange/hf_tensor_list.h"
#include "nn/layers/decoder_names.h"
#include "nn/layers/embedding.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

constexpr const char *kRectified = "relu", *kExact = "gelu", *kTanh = "gelu_new";
constexpr std::int64_t kUnusedPositions = 2;

}  // namespace

Decoder parse_hf_opt(const HfFields& fields) {
  Decoder model{.depth = fields.size("num_hidden_layers"),
                .heads = fields.size("num_attention_heads"),
                .width = fields.size("hidden_size"),
                .mlp_width = fields.size("ffn_dim"),
                .context = fields.size("max_position_embeddings", 2048),
                .vocabulary = fields.size("vocab_size"),
                .activation = MlpActivation::kRelu,
                .tied = fields.flag("tie_word_embeddings", true),
                .dropout = fields.rate("dropout", 0.1),
                .attention_dropout = fields.rate("attention_dropout", 0)};
  model.kv_heads = model.heads;
  const std::string activation = fields.text("activation_function", kRectified);
  if (activation == kExact) {
    model.activation = MlpActivation::kExactGelu;
  } else if (activation == kTanh) {
    model.activation = MlpActivation::kGelu;
  } else if (activation != kRectified) {
    fields.fail("activation_function", "relu, gelu or gelu_new");
  }
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
  return {{"architectures", {"OPTForCausalLM"}},
          {"model_type", "opt"},
          {"vocab_size", model.vocabulary},
          {"max_position_embeddings", model.context},
          {"hidden_size", model.width},
          {"word_embed_proj_dim", model.width},
          {"ffn_dim", model.mlp_width},
          {"num_hidden_layers", model.depth},
          {"num_attention_heads", model.heads},
          {"activation_function", model.activation == MlpActivation::kRelu        ? kRectified
                                  : model.activation == MlpActivation::kExactGelu ? kExact
                                                                                  : kTanh},
          {"do_layer_norm_before", true},
          {"dropout", model.dropout},
          {"attention_dropout", model.attention_dropout}};
}

std::vector<HfTensor> hf_opt_tensors(const Decoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const auto norm = [&](const std::string& name, const std::string& own) {
    list.add(name + ".weight", weight_of(own), C);
    list.add(name + ".bias", bias_of(own), C);
  };
  const auto product = [&](const std::string& name, const std::string& own, std::int64_t out,
                           std::int64_t in) {
    list.add(name + ".weight", weight_of(own), out, in);
    list.add(name + ".bias", bias_of(own), out);
  };
  const std::string root = "model.decoder.";
  list.add(root + "embed_tokens.weight", token_table_name(), model.vocabulary, C);
  list.add(root + "embed_positions.weight", position_table_name(), model.context, C).unused_rows =
      kUnusedPositions;
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "model.decoder.layers." + std::to_string(i) + ".";
    const std::string attention = block + "self_attn.";
    const DecoderBlockNames own = names_of_block(model, i);
    norm(block + "self_attn_layer_norm", own.attention_norm);
    for (const auto& [end, qkv, columns] :
         {std::tuple(".weight", weight_of(own.qkv), C), {".bias", bias_of(own.qkv), 0}}) {
      list.add_stacked({{attention + "q_proj" + end, C},
                        {attention + "k_proj" + end, C},
                        {attention + "v_proj" + end, C}},
                       qkv, columns);
    }
    product(attention + "out_proj", own.projection, C, C);
    norm(block + "final_layer_norm", own.mlp_norm);
    product(block + "fc1", own.up, hidden, C);
    product(block + "fc2", own.down, C, hidden);
  }
  norm(root + "final_layer_norm", last_norm_name(model));
  return list.take();
}

}  // namespace pipetrain
