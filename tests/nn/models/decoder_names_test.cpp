#include "nn/models/decoder_names.h"

#include <set>
#include <string>

#include "catch.h"
#include "nn/layers/embedding.h"
#include "nn/layers/model.h"
#include "nn/tensor_names.h"

using namespace pipetrain;

namespace decoder_names_test {

namespace {

std::set<std::string> named(const Decoder& model) {
  std::set<std::string> names = {token_table_name()};
  const auto add = [&](const std::string& part, bool bias) {
    names.insert(weight_of(part));
    if (bias) names.insert(bias_of(part));
  };
  if (!model.rotary) names.insert(position_table_name());
  const bool bias = model.bias == BranchBias::kAll, norm_bias = model.norm == NormKind::kLayer;
  for (int i = 0; i < model.depth; ++i) {
    const DecoderBlockNames block = names_of_block(model, i);
    for (const auto& part : {block.qkv, block.projection, block.up, block.down}) add(part, bias);
    for (const auto& part : {block.attention_norm, block.mlp_norm}) add(part, bias && norm_bias);
    for (const auto& part : {block.query_norm, block.key_norm}) {
      if (model.head_norms) add(part, false);
    }
    for (const auto& part : {block.norm_behind_attention, block.norm_behind_mlp}) {
      if (model.norm_behind) add(part, norm_bias);
    }
  }
  add(last_norm_name(model), norm_bias);
  if (!model.tied) add(head_name(model), false);
  return names;
}

}  // namespace

TEST_CASE("The names of a decoder's tensors are those of its layers' parameters") {
  Decoder model{.family = {.title = "GPT-2", .preset = "gpt"},
                .depth = 3,
                .heads = 2,
                .kv_heads = 2,
                .width = 8,
                .mlp_width = 12,
                .context = 4,
                .vocabulary = 5};
  for (const int form : {0, 1, 2, 3}) {
    CAPTURE(form);
    model.parallel = form == 1;
    if (form == 2) {
      model.family = {.title = "Llama", .preset = "llama"};
      model.norm = NormKind::kRms;
      model.bias = BranchBias::kNone;
      model.rotary = true;
      model.activation = MlpActivation::kSwiGlu;
    }
    if (form == 3) model.head_norms = model.norm_behind = true;
    for (const bool tied : {false, true}) {
      model.tied = tied;
      std::set<std::string> made;
      for (const auto& layer :
           build_layers(model_config_of(model), {.row = {4}, .vocabulary = 5})) {
        for (const Parameter& parameter : layer->parameters()) made.insert(parameter.name);
      }
      CHECK(named(model) == made);
    }
  }
}

}  // namespace decoder_names_test
