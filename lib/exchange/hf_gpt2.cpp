// Hugging Face's GPT-2: its config.json and its tensors (Radford et al. 2019, section 2.3).
#include <cstdint>
#include <limits>
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

Decoder parse_hf_gpt2(const HfFields& fields) {
  Decoder model{.depth = fields.size("n_layer"),
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
  model.activation = parse_hf_activation(fields, "activation_function", MlpActivation::kGelu);
  fields.must_be("scale_attn_weights", true);
  fields.must_be("scale_attn_by_inverse_layer_idx", false);
  fields.must_be("add_cross_attention", false);
  if (model.width % model.heads != 0) {
    fields.fail("n_head", "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

nlohmann::ordered_json hf_gpt2_config(const Decoder& model) {
  return {{"vocab_size", model.vocabulary},
          {"n_positions", model.context},
          {"n_embd", model.width},
          {"n_layer", model.depth},
          {"n_head", model.heads},
          {"n_inner", model.mlp_width},
          {"activation_function", hf_activation(model.activation)},
          {"layer_norm_epsilon", few_digits(model.epsilon)},
          {"embd_pdrop", model.embedding_dropout},
          {"attn_pdrop", model.attention_dropout},
          {"resid_pdrop", model.dropout}};
}

std::vector<HfTensor> hf_gpt2_tensors(const Decoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width, hidden = model.mlp_width;
  // Their Conv1D has its weight as (in, out).
  const HfProduct conv1d{.transposed = true};
  const std::string root = "transformer.";
  list.add(root + "wte.weight", token_table_name(), model.vocabulary, C);
  list.add(root + "wpe.weight", position_table_name(), model.context, C);
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = root + "h." + std::to_string(i) + ".";
    const DecoderBlockNames own = names_of_block(model, i);
    list.add_norm(block + "ln_1", own.attention_norm, C);
    list.add_product(block + "attn.c_attn", own.qkv, 3 * C, C, conv1d);
    list.add_product(block + "attn.c_proj", own.projection, C, C, conv1d);
    list.add_norm(block + "ln_2", own.mlp_norm, C);
    list.add_product(block + "mlp.c_fc", own.up, hidden, C, conv1d);
    list.add_product(block + "mlp.c_proj", own.down, C, hidden, conv1d);
  }
  list.add_norm(root + "ln_f", last_norm_name(model), C);
  return list.take();
}

}  // namespace pipetrain
