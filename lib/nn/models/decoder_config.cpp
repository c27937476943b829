#include <cstddef>
#include <string>
#include <vector>

#include "base/table.h"
#include "nn/layers/embedding.h"
#include "nn/layers/linear.h"
#include "nn/layers/transformer_block.h"
#include "nn/models/decoder.h"
#include "nn/option_writer.h"
#include "nn/presets/presets.h"

namespace pipetrain {
namespace {

ModelConfig preset_of(const Decoder& model) {
  ModelConfig config;
  config.preset = model.family.preset;
  config.depth = model.depth;
  config.heads = model.heads;
  if (model.rotary || model.kv_heads != model.heads) config.kv_heads = model.kv_heads;
  config.width = model.width;
  config.mlp_width = model.mlp_width;
  config.context = model.context;
  config.vocabulary = model.vocabulary;
  config.tie_embeddings = model.tied;
  config.dropout = model.dropout;
  return config;
}

void write_size(OptionWriter& to, const SizeOption& option, int size) {
  if (size > 0) to.write(option, std::to_string(size));
}

// What the presets have no keys for, of one block.
void write_block(const Decoder& model, int block, OptionWriter& to) {
  to.write(kNormOption, model.norm);
  to.write(kBranchBias, model.bias);
  to.write(kPositionsOption, model.turns(block) ? PositionKind::kRotary : PositionKind::kLearned);
  to.write(kActivationOption, model.activation);
  to.write(kEpsilonOption, model.epsilon);
  to.write(kWeightsDropoutOption, model.attention_dropout, model.dropout);
  write_size(to, kHeadWidthOption, model.head_width);
  to.write(kNormBehind, model.norm_behind);
  to.write(kHeadNormsOption, model.head_norms);
  to.write(kScoreWidthOption, model.score_width);
  to.write(kScoreCapOption, model.score_cap);
  to.write(kParallelOption, model.parallel);
  if (model.has_window(block)) write_size(to, kWindowOption, model.window);
  if (!model.turns(block)) return;
  to.write(kThetaOption, model.theta);
  write_size(to, kRotaryWidthOption, model.rotary_width);
  if (model.scaling.stretch == RotaryStretch::kNone) return;
  to.write(kStretchOption, model.scaling.stretch);
  to.write(kRotaryFactorOption, model.scaling.factor);
  to.write(kRotaryLowOption, model.scaling.low);
  to.write(kRotaryHighOption, model.scaling.high);
  to.write(kRotaryContextOption, model.scaling.context);
}

// After so many blocks they come again.
int period_of(const Decoder& model) {
  const auto repeats = [&](int period) {
    for (int i = 0; i + period < model.depth; ++i) {
      if (model.turns(i) != model.turns(i + period)) return false;
      if (model.has_window(i) != model.has_window(i + period)) return false;
    }
    return model.depth % period == 0;
  };
  int period = 1;
  while (!repeats(period)) ++period;
  return period;
}

// The blocks of the list, `repeat` with one in it, become what they are; whether they are others.
bool write_blocks(const Decoder& model, LayerEntry& repeat) {
  const LayerEntry first = repeat.layers[0];
  const int period = period_of(model);
  bool changed = period > 1;
  repeat.options = {{"count", std::to_string(model.depth / period)}};
  repeat.layers.assign(static_cast<std::size_t>(period), first);
  for (int i = 0; i < period; ++i) {
    OptionWriter to(repeat.layers[static_cast<std::size_t>(i)]);
    write_block(model, i, to);
    changed = changed || to.changed();
  }
  return changed;
}

}  // namespace

ModelConfig model_config_of(const Decoder& model) {
  const ModelConfig config = preset_of(model);
  // What the presets have no keys for is written as the list of layers that they stand for.
  ModelConfig list;
  list.layers = expand_preset(config);
  LayerEntry& last_norm = list.layers[2];
  OptionWriter embedding(list.layers[0]), norm(last_norm), head(list.layers[3]);
  const std::string norm_kind = name_of(kNorms, model.norm);
  const bool other_norm = last_norm.kind != norm_kind;
  last_norm.kind = norm_kind;
  embedding.write(kEmbeddingPositions, model.rotary ? kNoPositions : std::to_string(model.context));
  embedding.write(kEmbeddingScaled, model.scaled_embedding);
  embedding.write(kEmbeddingDropout, model.embedding_dropout, kEmbeddingDropout.otherwise);
  norm.write(kEpsilonOption, model.epsilon);
  head.write(kLinearCap, model.logit_cap);
  const bool other_blocks = write_blocks(model, list.layers[1]);
  const bool other = embedding.changed() || norm.changed() || head.changed();
  return other_norm || other_blocks || other ? list : config;
}

}  // namespace pipetrain
