// Hugging Face's Llama: its config.json and its tensors (Touvron et al., arXiv:2302.13971, section
// 2.2).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_fields.h"
#include "exchange/hf_tensor_list.h"
#include "nn/layers/decoder_names.h"
#include "nn/layers/embedding.h"
#include "nn/tensor_names.h"

namespace pipetrain {

namespace {

// Newer files have them in rope_parameters, older ones theta at the top and the rest in
// rope_scaling.
double parse_rotary(const HfFields& fields) {
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const HfFields rope = fields.section(key);
    for (const char* name : {"rope_type", "type"}) {
      if (rope.text(name, "default") != "default")
        rope.fail(name, "default: scaled positions are not known here");
    }
    if (rope.number("partial_rotary_factor", 1, "1", [](double x) { return x == 1; }) != 1) {
      rope.fail("partial_rotary_factor", "1");
    }
  }
  return fields.section("rope_parameters")
      .positive("rope_theta", fields.positive("rope_theta", 10000));
}

}  // namespace

Decoder parse_hf_llama(const HfFields& fields) {
  Decoder model{.depth = fields.size("num_hidden_layers"),
                .heads = fields.size("num_attention_heads"),
                .width = fields.size("hidden_size"),
                .mlp_width = fields.size("intermediate_size"),
                .context = fields.size("max_position_embeddings", 2048),
                .vocabulary = fields.size("vocab_size"),
                .activation = MlpActivation::kSwiGlu,
                .epsilon = fields.epsilon("rms_norm_eps", 1e-6),
                .tied = fields.flag("tie_word_embeddings", false),
                .attention_dropout = fields.rate("attention_dropout", 0),
                .theta = parse_rotary(fields)};
  model.kv_heads = fields.size("num_key_value_heads", model.heads);
  if (model.heads % model.kv_heads != 0) {
    fields.fail("num_key_value_heads", "a divisor of num_attention_heads");
  }
  const std::string activation = fields.text("hidden_act", "silu");
  if (activation != "silu" && activation != "swish") fields.fail("hidden_act", "silu");
  const int head_width = model.width / model.heads;
  if (head_width % 2 != 0) {
    fields.fail("hidden_size", "an even number of entries for each of num_attention_heads heads");
  }
  if (fields.has("head_dim") && fields.size("head_dim") != head_width) {
    fields.fail("head_dim", "hidden_size / num_attention_heads, " + std::to_string(head_width));
  }
  fields.must_be("attention_bias", false);
  fields.must_be("mlp_bias", false);
  if (model.width % model.heads != 0) {
    fields.fail("num_attention_heads", "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

nlohmann::ordered_json hf_llama_config(const Decoder& model) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", model.vocabulary},
          {"max_position_embeddings", model.context},
          {"hidden_size", model.width},
          {"intermediate_size", model.mlp_width},
          {"num_hidden_layers", model.depth},
          {"num_attention_heads", model.heads},
          {"num_key_value_heads", model.kv_heads},
          {"head_dim", model.width / model.heads},
          {"hidden_act", "silu"},
          {"attention_dropout", model.attention_dropout},
          {"rms_norm_eps", few_digits(model.epsilon)},
          {"rope_theta", model.theta},
          {"attention_bias", false},
          {"mlp_bias", false}};
}

// Rotary pairs are the same in both: the halves of a head.
std::vector<HfTensor> hf_llama_tensors(const Decoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  const std::int64_t kv_width = C / model.heads * model.kv_heads;
  list.add("model.embed_tokens.weight", token_table_name(), model.vocabulary, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = "model.layers." + std::to_string(i) + ".";
    const DecoderBlockNames own = names_of_block(model, i);
    list.add(block + "input_layernorm.weight", weight_of(own.attention_norm), C);
    list.add_stacked({{block + "self_attn.q_proj.weight", C},
                      {block + "self_attn.k_proj.weight", kv_width},
                      {block + "self_attn.v_proj.weight", kv_width}},
                     weight_of(own.qkv), C);
    list.add(block + "self_attn.o_proj.weight", weight_of(own.projection), C, C);
    list.add(block + "post_attention_layernorm.weight", weight_of(own.mlp_norm), C);
    list.add_stacked(
        {{block + "mlp.gate_proj.weight", hidden}, {block + "mlp.up_proj.weight", hidden}},
        weight_of(own.up), C);
    list.add(block + "mlp.down_proj.weight", weight_of(own.down), C, hidden);
  }
  list.add("model.norm.weight", weight_of(last_norm_name(model)), C);
  return list.take();
}

}  // namespace pipetrain
