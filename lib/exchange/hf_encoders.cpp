#include "exchange/hf_encoders.h"

#include <cstdint>
#include <limits>

#include "exchange/hf_activation.h"
#include "nn/models/encoder_names.h"

namespace pipetrain {

Encoder parse_hf_encoder(const HfFields& fields, double dropout) {
  const Encoder model{
      .depth = fields.size("num_hidden_layers", 12),
      .heads = fields.size("num_attention_heads", 12),
      .width = fields.size("hidden_size", 768),
      .mlp_width = fields.size("intermediate_size", 3072),
      .activation = parse_hf_activation(fields, "hidden_act", MlpActivation::kExactGelu),
      .epsilon = fields.epsilon("layer_norm_eps", 1e-12),
      .dropout = fields.rate("hidden_dropout_prob", dropout),
      .attention_dropout = fields.rate("attention_probs_dropout_prob", dropout)};
  if (model.width % model.heads != 0) {
    fields.fail("num_attention_heads", "a divisor of the width, " + std::to_string(model.width));
  }
  return model;
}

nlohmann::ordered_json hf_encoder_config(const Encoder& model) {
  return {{"hidden_size", model.width},
          {"num_hidden_layers", model.depth},
          {"num_attention_heads", model.heads},
          {"intermediate_size", model.mlp_width},
          {"hidden_act", hf_activation(model.activation)},
          {"hidden_dropout_prob", model.dropout},
          {"attention_probs_dropout_prob", model.attention_dropout},
          {"layer_norm_eps", few_digits(model.epsilon)}};
}

void add_hf_encoder_blocks(const Encoder& model, const std::string& root, const HfEncoderBlock& how,
                           HfTensorList& list) {
  const std::int64_t C = model.width, hidden = model.mlp_width;
  for (int i = 0; i < model.depth; ++i) {
    const std::string block = root + "encoder.layer." + std::to_string(i) + ".";
    const std::string queries = block + how.queries;
    const EncoderBlockNames own = names_of_block(model, i);
    if (how.norms_before) list.add_norm(block + how.attention_norm, own.attention_norm, C);
    list.add_stacked_product({{queries + "query", C}, {queries + "key", C}, {queries + "value", C}},
                             own.qkv, C);
    list.add_product(block + "attention.output.dense", own.projection, C, C);
    list.add_norm(block + (how.norms_before ? how.mlp_norm : how.attention_norm),
                  how.norms_before ? own.mlp_norm : own.attention_norm, C);
    list.add_product(block + "intermediate.dense", own.up, hidden, C);
    list.add_product(block + "output.dense", own.down, C, hidden);
    if (!how.norms_before) list.add_norm(block + how.mlp_norm, own.mlp_norm, C);
  }
}

}  // namespace pipetrain
