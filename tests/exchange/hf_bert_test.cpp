#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "exchange/hf_tensors.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A BERT without optional keys has Hugging Face's defaults") {
  const Encoder expected{.depth = 12,
                         .heads = 12,
                         .width = 768,
                         .mlp_width = 3072,
                         .classes = 2,
                         .dropout = 0.1,
                         .attention_dropout = 0.1,
                         .head_dropout = 0.1,
                         .vocabulary = 30522,
                         .context = 512,
                         .token_types = 2};
  CHECK(parsed<Encoder>({{"model_type", "bert"}}) == expected);
  json config = config_of(small_bert());
  config["hidden_dropout_prob"] = 0.25;
  config["classifier_dropout"] = json();
  CHECK(parsed<Encoder>(config).head_dropout == 0.25);  // what the others have
  config["classifier_dropout"] = 0.5;
  CHECK(parsed<Encoder>(config).head_dropout == 0.5);
}

TEST_CASE("A BERT that we do not compute in the same way is refused by the name of the key") {
  CHECK(contains(refusal(small_bert(), "position_embedding_type", "relative_key"),
                 "expected absolute"));
  CHECK(contains(refusal(small_bert(), "is_decoder", true), "expected false"));
  CHECK(contains(refusal(small_bert(), "add_cross_attention", true), "expected false"));
  CHECK(contains(refusal(small_bert(), "hidden_act", "swish"), "expected gelu or"));
  CHECK(contains(refusal(small_bert(), "architectures", {"BertForMaskedLM"}),
                 "expected BertForSequenceClassification"));
}

TEST_CASE("A BERT's norms stand behind attention and MLP") {
  Encoder model = small_bert();
  model.depth = 1;
  std::vector<std::string> found;
  for (const HfTensor& tensor : hf_tensors_of(model)) {
    if (tensor.name.ends_with("weight")) found.push_back(tensor.name + " " + tensor.own);
  }
  const std::string block = "bert.encoder.layer.0.";
  CHECK(found ==
        std::vector<std::string>{
            "bert.embeddings.word_embeddings.weight layers.0.embedding.token.weight",
            "bert.embeddings.position_embeddings.weight layers.0.embedding.position.weight",
            "bert.embeddings.token_type_embeddings.weight layers.1.token_types.weight",
            "bert.embeddings.LayerNorm.weight layers.2.layer_norm.weight",
            block + "attention.self.query.weight layers.4.attention.qkv.weight",
            block + "attention.self.key.weight layers.4.attention.qkv.weight",
            block + "attention.self.value.weight layers.4.attention.qkv.weight",
            block + "attention.output.dense.weight layers.4.attention.projection.weight",
            block + "attention.output.LayerNorm.weight layers.5.layer_norm.weight",
            block + "intermediate.dense.weight layers.6.mlp.up.weight",
            block + "output.dense.weight layers.6.mlp.down.weight",
            block + "output.LayerNorm.weight layers.7.layer_norm.weight",
            "bert.pooler.dense.weight layers.9.linear.weight",
            "classifier.weight layers.12.linear.weight"});
}
