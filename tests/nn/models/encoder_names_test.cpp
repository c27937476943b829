#include "nn/models/encoder_names.h"

#include <set>
#include <string>

#include "catch.h"
#include "encoders.h"
#include "nn/layers/embedding.h"
#include "nn/tensor_names.h"

using namespace pipetrain;

namespace encoder_names_test {

namespace {

std::set<std::string> named(const Encoder& model) {
  std::set<std::string> names;
  const auto add = [&](const std::string& part) {
    names.insert(weight_of(part));
    names.insert(bias_of(part));
  };
  const EncoderEndNames ends = end_names_of(model);
  if (model.of_images()) {
    names.insert({weight_of(ends.class_token), weight_of(ends.positions)});
    add(ends.patches);
    add(ends.last_norm);
  } else {
    names.insert({token_table_name(), position_table_name(), weight_of(ends.types)});
    add(ends.first_norm);
    add(ends.pooler);
  }
  add(ends.head);
  for (int i = 0; i < model.depth; ++i) {
    const EncoderBlockNames block = names_of_block(model, i);
    for (const auto& part : {block.attention_norm, block.qkv, block.projection, block.mlp_norm,
                             block.up, block.down}) {
      add(part);
    }
  }
  return names;
}

}  // namespace

TEST_CASE("The names of an encoder's tensors are those of its layers' parameters") {
  for (const Encoder& model : {small_vit(), small_bert()}) {
    std::set<std::string> made;
    for (const auto& layer : layers_of(model_config_of(model), model)) {
      for (const Parameter& parameter : layer->parameters()) made.insert(parameter.name);
    }
    CHECK(named(model) == made);
  }
}

TEST_CASE("A norm stands within its layer where it comes before, else right behind it") {
  CHECK(names_of_block(small_vit(), 1).mlp_norm == "layers.6.mlp.norm");
  CHECK(names_of_block(small_bert(), 0).attention_norm == "layers.5.layer_norm");
  CHECK(names_of_block(small_bert(), 1).mlp_norm == "layers.11.layer_norm");
}

}  // namespace encoder_names_test
