#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nn/layers/attention_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/linear.h"
#include "nn/layers/token_types.h"
#include "nn/models/encoder.h"
#include "nn/option_writer.h"
#include "nn/presets/preset_parts.h"

namespace pipetrain {
namespace {

using Layers = std::vector<LayerEntry>;

LayerEntry norm_entry(const Encoder& model) {
  LayerEntry made = entry("layer_norm");
  OptionWriter(made).write(kEpsilonOption, model.epsilon);
  return made;
}

LayerEntry dropout_entry(double rate) { return entry("dropout", {{"rate", rate_text(rate)}}); }

LayerEntryOptions attention_sizes(const Encoder& model) {
  return {{"heads", text(model.heads)}, {"causal", "false"}};
}

LayerEntryOptions mlp_sizes(const Encoder& model) { return {{"mlp_width", text(model.mlp_width)}}; }

void write_attention(const Encoder& model, OptionWriter to) {
  to.write(kBranchDropout, model.dropout, kBranchDropout.otherwise);
  to.write(kWeightsDropoutOption, model.attention_dropout, model.dropout);
}

void write_mlp(const Encoder& model, OptionWriter to) {
  to.write(kActivationOption, model.activation);
  to.write(kBranchDropout, model.dropout, kBranchDropout.otherwise);
}

// A norm before attention and MLP.
Layers image_block(const Encoder& model) {
  LayerEntryOptions sizes = attention_sizes(model);
  for (auto& size : mlp_sizes(model)) sizes.push_back(std::move(size));
  LayerEntry made = entry("transformer_block", std::move(sizes));
  write_attention(model, OptionWriter(made));
  write_mlp(model, OptionWriter(made));
  OptionWriter(made).write(kEpsilonOption, model.epsilon);
  return {made};
}

// A norm behind each sum.
Layers text_block(const Encoder& model) {
  LayerEntry attention = entry("attention", attention_sizes(model));
  LayerEntry mlp = entry("mlp", mlp_sizes(model));
  write_attention(model, OptionWriter(attention));
  write_mlp(model, OptionWriter(mlp));
  for (LayerEntry* half : {&attention, &mlp}) {
    OptionWriter(*half).write(kNormOption, NormKind::kNone);
  }
  return {attention, norm_entry(model), mlp, norm_entry(model)};
}

LayerEntry repeated(const Encoder& model, Layers block) {
  return entry("repeat", {{"count", text(model.depth)}}, std::move(block));
}

LayerEntry head_entry(const Encoder& model) {
  LayerEntry made = entry("linear", {{"features", text(model.classes)}});
  if (!model.labels.empty()) {
    made.options.emplace_back(kLinearLabels, nlohmann::json(model.labels).dump());
  }
  return made;
}

Layers image_layers(const Encoder& model) {
  LayerEntry positions = entry("positions");
  if (model.dropout > 0) positions.options.emplace_back("dropout", rate_text(model.dropout));
  return {entry("patches", {{"patch", text(model.patch)}, {"width", text(model.width)}}),
          entry("class_token"),
          positions,
          repeated(model, image_block(model)),
          norm_entry(model),
          entry("first_token"),
          head_entry(model)};
}

Layers text_layers(const Encoder& model) {
  return {entry("embedding", {{"vocabulary", text(model.vocabulary)},
                              {"width", text(model.width)},
                              {"positions", text(model.context)}}),
          entry("token_types", {{kTokenTypes.name, text(model.token_types)}}),
          norm_entry(model),
          dropout_entry(model.dropout),
          repeated(model, text_block(model)),
          entry("first_token"),
          entry("linear", {{"features", text(model.width)}}),
          entry("tanh"),
          dropout_entry(model.head_dropout),
          head_entry(model)};
}

}  // namespace

ModelConfig model_config_of(const Encoder& model) {
  ModelConfig config;
  config.layers = model.of_images() ? image_layers(model) : text_layers(model);
  return config;
}

}  // namespace pipetrain
