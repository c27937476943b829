#include "nn/layers/decoder.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/table.h"
#include "nn/layer_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/embedding.h"
#include "nn/layers/linear.h"
#include "nn/option_writer.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

constexpr const char* kBlock = "transformer_block";

// Goes through the layers in order and takes from each what it says of the model; each part returns
// what is wrong with its layer, or nothing.
class Reader {
 public:
  Reader(std::int64_t context, std::int64_t vocabulary, std::span<const DecoderFamily> families)
      : families_(families) {
    model_.vocabulary = static_cast<int>(vocabulary);
    model_.context = static_cast<int>(context);
  }

  ReadDecoder read(const std::vector<const LayerEntry*>& layers) {
    if (layers.size() < 4) return {{}, "it has too few layers"};
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string& kind = layers[i]->kind;
      LayerOptions options(*layers[i]);
      const std::string wrong = i == 0                   ? embedding(options, kind)
                                : i < layers.size() - 2  ? block(options, kind)
                                : i == layers.size() - 2 ? last_norm(options, kind)
                                                         : head(options, kind);
      if (!wrong.empty()) {
        return {{}, "layer " + std::to_string(i + 1) + " of its list, " + kind + ", " + wrong};
      }
    }
    return {model_, {}};
  }

 private:
  const DecoderFamily& family() const { return model_.family; }
  std::string not_of_family(const std::string& what) const {
    return what + ", which " + std::string(family().title) + " has not";
  }

  std::string embedding(LayerOptions& options, const std::string& kind) {
    if (kind != EmbeddingNames::kLayer) return "is not an embedding of tokens";
    const EmbeddingOptions given = read_embedding(options, model_.context);
    model_.width = static_cast<int>(given.width);
    if (given.context > 0) model_.context = static_cast<int>(given.context);
    learned_positions_ = given.context > 0;
    model_.embedding_dropout = given.dropout;
    return {};
  }

  std::string block(LayerOptions& options, const std::string& kind) {
    if (kind != kBlock) return "stands between embedding and last norm";
    const Shape row{1, model_.width};
    const AttentionOptions attention = read_attention(options, row, Starts(), rotary_);
    const MlpOptions mlp = read_mlp(options, row, Starts());
    if (model_.depth == 0) take_family(attention, mlp);
    const std::string unlike = difference(attention, mlp);
    if (!unlike.empty()) return unlike;
    Decoder made = model_;
    made.heads = static_cast<int>(attention.heads);
    made.kv_heads = static_cast<int>(attention.kv_heads);
    made.mlp_width = static_cast<int>(mlp.hidden);
    made.activation = mlp.activation;
    made.epsilon = attention.epsilon;
    made.attention_dropout = attention.weights_dropout;
    if (family().rotary) made.theta = attention.rotary->angles().theta;
    if (family().dropout) made.dropout = attention.dropout;
    if (model_.depth > 0 && made != model_) return "differs from the blocks before";
    model_ = made;
    ++model_.depth;
    return {};
  }

  // Of those with such positions, the one that has most of what the block has.
  void take_family(const AttentionOptions& attention, const MlpOptions& mlp) {
    const auto agreement = [&](const DecoderFamily& family) {
      return (family.rotary != learned_positions_ ? 4 : 0) +
             (family.norm == attention.norm ? 1 : 0) + (family.bias == attention.bias ? 1 : 0) +
             (family.gated_mlp == is_gated(mlp) ? 1 : 0);
    };
    model_.family = *std::ranges::max_element(families_, {}, agreement);
    if (!family().dropout) model_.embedding_dropout = 0;
  }

  static bool is_gated(const MlpOptions& mlp) { return mlp.activation == MlpActivation::kSwiGlu; }

  std::string difference(const AttentionOptions& attention, const MlpOptions& mlp) const {
    if (!attention.causal) return "is not causal";
    if (attention.norm != family().norm) return not_of_family("has another norm");
    if (attention.bias != family().bias) {
      return not_of_family(attention.bias ? "has biases" : "has no biases");
    }
    if ((attention.rotary != nullptr) != family().rotary) {
      return not_of_family(family().rotary ? "has no rotary positions" : "has rotary positions");
    }
    if (is_gated(mlp) != family().gated_mlp) return not_of_family("has another activation");
    if (!family().fewer_kv_heads && attention.kv_heads != attention.heads) {
      return not_of_family("has fewer kv_heads");
    }
    return {};
  }

  std::string last_norm(LayerOptions& options, const std::string& kind) const {
    if (kind != name_of(kNorms, family().norm)) return not_of_family("stands before the last");
    if (read_epsilon(options) != model_.epsilon) return "has another epsilon than the blocks";
    return {};
  }

  std::string head(LayerOptions& options, const std::string& kind) {
    if (kind != LinearNames::kLayer) return "is the last, expected a linear layer";
    const LinearOptions given = read_linear(options, model_.vocabulary, /*classes=*/0);
    if (given.features != model_.vocabulary) {
      return "has not as many features as the vocabulary has tokens";
    }
    model_.tied = given.tied;
    if (!given.tied && given.bias) return not_of_family("has a bias");
    return {};
  }

  std::span<const DecoderFamily> families_;
  bool learned_positions_ = false;
  std::shared_ptr<const RotaryTable> rotary_;  // of the blocks before
  Decoder model_;
};

ModelConfig preset_of(const Decoder& model) {
  ModelConfig config;
  config.preset = model.family.preset;
  config.depth = model.depth;
  config.heads = model.heads;
  if (model.family.fewer_kv_heads) config.kv_heads = model.kv_heads;
  config.width = model.width;
  config.mlp_width = model.mlp_width;
  config.context = model.context;
  config.vocabulary = model.vocabulary;
  config.tie_embeddings = model.tied;
  config.dropout = model.dropout;
  return config;
}

}  // namespace

ReadDecoder read_decoder(const ModelConfig& config, std::int64_t context, std::int64_t vocabulary,
                         std::span<const DecoderFamily> families) {
  const std::vector<LayerEntry> entries = expand_preset(config);
  return Reader(context, vocabulary, families).read(unrolled(entries));
}

ModelConfig model_config_of(const Decoder& model) {
  const DecoderFamily& family = model.family;
  const ModelConfig config = preset_of(model);
  // What the presets have no keys for is written as the list of layers that they stand for.
  ModelConfig list;
  list.layers = expand_preset(config);
  LayerEntry& last_norm = list.layers[2];
  OptionWriter embedding(list.layers[0]), block(list.layers[1].layers[0]), norm(last_norm);
  const std::string norm_kind = name_of(kNorms, family.norm);
  const bool other_norm = last_norm.kind != norm_kind;
  last_norm.kind = norm_kind;
  block.write(kNormOption, family.norm);
  block.write(kBranchBias, family.bias);
  block.write(kPositionsOption, family.rotary ? PositionKind::kRotary : PositionKind::kLearned);
  block.write(kActivationOption, model.activation);
  embedding.write(kEmbeddingPositions,
                  family.rotary ? kNoPositions : std::to_string(model.context));
  block.write(kEpsilonOption, model.epsilon);
  norm.write(kEpsilonOption, model.epsilon);
  embedding.write(kEmbeddingDropout, model.embedding_dropout, kEmbeddingDropout.otherwise);
  block.write(kWeightsDropoutOption, model.attention_dropout, model.dropout);
  if (family.rotary) block.write(kThetaOption, model.theta);
  return other_norm || embedding.changed() || block.changed() || norm.changed() ? list : config;
}

}  // namespace pipetrain
