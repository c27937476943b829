// Hugging Face's BERT with a head for texts: its config.json and its tensors (Devlin et al.,
// arXiv:1810.04805, section 3).
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "exchange/hf_encoders.h"
#include "nn/layers/embedding.h"
#include "nn/models/encoder_names.h"
#include "nn/tensor_names.h"

namespace pipetrain {

Encoder parse_hf_bert(const HfFields& fields) {
  Encoder model = parse_hf_encoder(fields, /*dropout=*/0.1);
  model.vocabulary = fields.size("vocab_size", 30522);
  model.context = fields.size("max_position_embeddings", 512);
  model.token_types = fields.size("type_vocab_size", 2);
  model.head_dropout = fields.rate("classifier_dropout", model.dropout);
  if (fields.text("position_embedding_type", "absolute") != "absolute") {
    fields.fail("position_embedding_type", "absolute");
  }
  fields.must_be("is_decoder", false);
  fields.must_be("add_cross_attention", false);
  return model;
}

nlohmann::ordered_json hf_bert_config(const Encoder& model) {
  nlohmann::ordered_json config = hf_encoder_config(model);
  config["vocab_size"] = model.vocabulary;
  config["max_position_embeddings"] = model.context;
  config["type_vocab_size"] = model.token_types;
  config["classifier_dropout"] = model.head_dropout;
  config["pad_token_id"] = 0;
  return config;
}

std::vector<HfTensor> hf_bert_tensors(const Encoder& model) {
  HfTensorList list;
  const std::int64_t C = model.width;
  const EncoderEndNames own = end_names_of(model);
  const std::string root = "bert.", first = root + "embeddings.";
  list.add(first + "word_embeddings.weight", token_table_name(), model.vocabulary, C);
  list.add(first + "position_embeddings.weight", position_table_name(), model.context, C);
  list.add(first + "token_type_embeddings.weight", weight_of(own.types), model.token_types, C);
  list.add_norm(first + "LayerNorm", own.first_norm, C);
  add_hf_encoder_blocks(model, root,
                        {.queries = "attention.self.",
                         .attention_norm = "attention.output.LayerNorm",
                         .mlp_norm = "output.LayerNorm",
                         .norms_before = false},
                        list);
  list.add_product(root + "pooler.dense", own.pooler, C, C);
  list.add_product("classifier", own.head, model.classes, C);
  return list.take();
}

}  // namespace pipetrain
