#include "nn/models/decoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

#include "base/table.h"
#include "nn/layer_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/embedding.h"
#include "nn/layers/linear.h"
#include "nn/layers/transformer_block.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

// Empty if there is but one answer, which then becomes `all`.
void simplify(std::vector<bool>& by_block, bool& all) {
  if (by_block.empty()) return;
  const auto yes = std::ranges::count(by_block, true);
  all = yes > 0;
  if (yes == 0 || yes == std::ssize(by_block)) by_block.clear();
}

std::string told(std::size_t layer, const std::string& kind, const std::string& wrong) {
  return "layer " + std::to_string(layer + 1) + " of its list, " + kind + ", " + wrong;
}

// Goes through the layers in order and takes from each what it says of the model; each part returns
// what is wrong with its layer, or nothing.
class DecoderReader {
 public:
  DecoderReader(std::int64_t context, std::int64_t vocabulary) {
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
      if (!wrong.empty()) return {{}, told(i, kind, wrong)};
    }
    model_.turned = turned_;
    model_.windowed = windowed_;
    model_ = plain(model_);
    if (model_.rotary == learned_positions_) {
      return {{}, model_.rotary ? "it has rotary and learned positions" : "it has no positions"};
    }
    return {model_, {}};
  }

 private:
  std::string embedding(LayerOptions& options, const std::string& kind) {
    if (kind != EmbeddingNames::kLayer) return "is not an embedding of tokens";
    const EmbeddingOptions given = read_embedding(options, model_.context);
    model_.width = static_cast<int>(given.width);
    if (given.context > 0) model_.context = static_cast<int>(given.context);
    learned_positions_ = given.context > 0;
    model_.embedding_dropout = given.dropout;
    model_.scaled_embedding = given.scaled;
    return {};
  }

  std::string block(LayerOptions& options, const std::string& kind) {
    if (kind != kTransformerBlock) return "stands between embedding and last norm";
    const Shape row{1, model_.width};
    const AttentionOptions attention = read_attention(options, row, Starts(), rotary_);
    const MlpOptions mlp = read_mlp(options, row, Starts());
    if (!attention.causal) return "is not causal";
    if (!attention.residual) return "is not added to its input";
    Decoder made = model_;
    made.heads = static_cast<int>(attention.heads);
    made.kv_heads = static_cast<int>(attention.kv_heads);
    made.head_width = static_cast<int>(attention.head_width);
    made.mlp_width = static_cast<int>(mlp.hidden);
    made.activation = mlp.activation;
    made.norm = attention.norm;
    made.bias = options.read(kBranchBias);
    made.epsilon = attention.epsilon;
    made.dropout = attention.dropout;
    made.attention_dropout = attention.weights_dropout;
    made.norm_behind = attention.norm_behind;
    made.head_norms = attention.head_norms;
    made.parallel = options.read(kParallelOption);
    made.score_width = options.read(kScoreWidthOption);
    made.score_cap = options.read(kScoreCapOption);
    windowed_.push_back(attention.window > 0);
    if (attention.window > 0) {
      const bool other = model_.window > 0 && model_.window != attention.window;
      if (other) return "has another window than a block before";
      model_.window = made.window = static_cast<int>(attention.window);
    }
    turned_.push_back(attention.rotary != nullptr);
    if (attention.rotary != nullptr) take_angles(attention.rotary->angles(), made);
    if (model_.depth > 0 && made != model_) return "differs from the blocks before";
    model_ = made;
    ++model_.depth;
    return {};
  }

  // The first block that is turned says how for all.
  void take_angles(const RotaryAngles& angles, Decoder& made) {
    made.theta = angles.theta;
    made.rotary_width = static_cast<int>(angles.width);
    made.scaling = angles.scaling;
    if (std::ranges::count(turned_, true) > 1) return;
    model_.theta = made.theta;
    model_.rotary_width = made.rotary_width;
    model_.scaling = made.scaling;
  }

  std::string last_norm(LayerOptions& options, const std::string& kind) const {
    if (kind != name_of(kNorms, model_.norm)) return "is not a norm like those of the blocks";
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
    model_.logit_cap = options.read(kLinearCap);
    if (!given.tied && given.bias) return "has a bias";
    return {};
  }

  bool learned_positions_ = false;
  std::shared_ptr<const RotaryTable> rotary_;  // of the blocks before
  std::vector<bool> turned_, windowed_;        // by block
  Decoder model_;
};

}  // namespace

Decoder plain(Decoder model) {
  bool windows = model.window > 0;
  simplify(model.turned, model.rotary);
  simplify(model.windowed, windows);
  if (!windows) model.window = 0;
  if (model.window == 0) model.windowed.clear();
  const int head_width = model.width_of_head();
  if (head_width * model.heads == model.width) model.head_width = 0;
  if (model.rotary_width == head_width) model.rotary_width = 0;
  if (model.score_width == head_width) model.score_width = 0;
  return model;
}

ReadDecoder read_decoder(const ModelConfig& config, std::int64_t context, std::int64_t vocabulary,
                         std::span<const DecoderFamily> families) {
  const std::vector<LayerEntry> entries = expand_preset(config);
  ReadDecoder read = DecoderReader(context, vocabulary).read(unrolled(entries));
  if (!read.why_not.empty()) return read;
  const std::uint32_t traits = traits_of(read.model);
  read.model.family = *std::ranges::min_element(
      families, {}, [&](const DecoderFamily& family) { return distance_from(family, traits); });
  read.why_not = why_not_of(read.model.family, traits);
  if (!read.model.family.dropout) read.model.dropout = read.model.embedding_dropout = 0;
  return read;
}

}  // namespace pipetrain
