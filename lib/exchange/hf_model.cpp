#include "exchange/hf_model.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "data/formats/formats.h"
#include "nn/layers/attention.h"
#include "nn/layers/mlp.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

// Goes through the layers in order and takes from each what it says of the model.
class Reader {
 public:
  Reader(const Config& config, std::int64_t vocabulary) : config_(config) {
    const std::int64_t tokens = config.data.sequence_length > 0 ? config.data.sequence_length
                                                                : configured_context(config.model);
    model_.vocabulary = static_cast<int>(vocabulary);
    model_.context = static_cast<int>(tokens);
  }

  HfModel read() {
    refuse_if(gives_labels(config_.data), "its data have labels, not next tokens");
    const std::vector<LayerEntry> entries = expand_preset(config_.model);
    const std::vector<const LayerEntry*> flat = unrolled(entries);
    const std::size_t last = flat.size() - 1;
    refuse_if(flat.size() < 4, "it has too few layers");
    for (std::size_t i = 0; i < flat.size(); ++i) {
      where_ = "layer " + std::to_string(i + 1) + " of its list, " + flat[i]->kind + ", ";
      LayerOptions options(*flat[i]);
      if (i == 0) {
        embedding(options, flat[i]->kind);
      } else if (i < last - 1) {
        block(options, flat[i]->kind);
      } else if (i == last - 1) {
        last_norm(options, flat[i]->kind);
      } else {
        head(options, flat[i]->kind);
      }
    }
    return model_;
  }

 private:
  void refuse_if(bool wrong, const std::string& what) const {
    if (!wrong) return;
    std::vector<std::string> presets;
    for (const HfFamily& family : hf_families()) {
      if (std::ranges::find(presets, family.preset) == presets.end()) {
        presets.emplace_back(family.preset);
      }
    }
    throw Error(ExitCode::kConfiguration,
                "--format hf: the model is neither a " + join(hf_titles(), " nor a ") +
                    " of Hugging Face: " + where_ + what + "; expected one like the presets " +
                    listed(presets) + ", or --format safetensors");
  }

  const HfFamily& family() const { return *model_.family; }
  std::string not_of_family(const std::string& what) const {
    return what + ", which " + family().title + " has not";
  }

  void embedding(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != "embedding", "is not an embedding of tokens");
    model_.width = static_cast<int>(options.size("width", 0));
    const std::int64_t positions = options.size("positions", model_.context, "none", 0);
    if (positions > 0) model_.context = static_cast<int>(positions);
    learned_positions_ = positions > 0;
    model_.embedding_dropout = options.fraction("dropout", 0);
  }

  void block(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != "transformer_block", "stands between embedding and last norm");
    std::shared_ptr<const RotaryTable> no_table;
    const Shape row{1, model_.width};
    const AttentionOptions attention = read_attention(options, row, Starts(), no_table);
    const MlpOptions mlp = read_mlp(options, row, Starts());
    if (model_.depth == 0) take_family(attention, mlp);
    refuse_if(!attention.causal, "is not causal");
    refuse_if((attention.norm == NormKind::kRms) != family().rms_norm,
              not_of_family("has another norm"));
    refuse_if(attention.bias != family().bias,
              not_of_family(attention.bias ? "has biases" : "has no biases"));
    refuse_if((attention.rotary != nullptr) != family().rotary,
              not_of_family(family().rotary ? "has no rotary positions" : "has rotary positions"));
    refuse_if((mlp.activation == MlpActivation::kSwiGlu) != family().gated_mlp,
              not_of_family("has another activation"));
    refuse_if(!family().fewer_kv_heads && attention.kv_heads != attention.heads,
              not_of_family("has fewer kv_heads"));
    HfModel made = model_;
    made.heads = static_cast<int>(attention.heads);
    made.kv_heads = static_cast<int>(attention.kv_heads);
    made.mlp_width = static_cast<int>(mlp.hidden);
    made.epsilon = attention.epsilon;
    made.relu = mlp.activation == MlpActivation::kRelu;
    made.attention_dropout = attention.weights_dropout;
    if (family().rotary) made.theta = attention.rotary->angles().theta;
    if (family().dropout) made.dropout = attention.dropout;
    refuse_if(model_.depth > 0 && made != model_, "differs from the blocks before");
    model_ = made;
    ++model_.depth;
  }

  // Of those with such positions, the one that has most of what the block has.
  void take_family(const AttentionOptions& attention, const MlpOptions& mlp) {
    const auto agreement = [&](const HfFamily& family) {
      return (family.rotary != learned_positions_ ? 4 : 0) +
             (family.rms_norm == (attention.norm == NormKind::kRms) ? 1 : 0) +
             (family.bias == attention.bias ? 1 : 0) +
             (family.gated_mlp == (mlp.activation == MlpActivation::kSwiGlu) ? 1 : 0);
    };
    model_.family = &*std::ranges::max_element(hf_families(), {}, agreement);
    if (!family().dropout) model_.embedding_dropout = 0;
  }

  void last_norm(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != (family().rms_norm ? "rms_norm" : "layer_norm"),
              not_of_family("stands before the last"));
    refuse_if(read_epsilon(options) != model_.epsilon, "has another epsilon than the blocks");
  }

  void head(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != "linear", "is the last, expected a linear layer");
    const std::int64_t features = options.size("features", 0, "vocabulary", model_.vocabulary);
    refuse_if(features != model_.vocabulary,
              "has not as many features as the vocabulary has tokens");
    model_.tied = options.flag("tied", false);
    refuse_if(!model_.tied && options.flag("bias", true), not_of_family("has a bias"));
  }

  const Config& config_;
  std::string where_;
  bool learned_positions_ = false;
  HfModel model_;
};

}  // namespace

HfModel hf_model_of(const Config& config, std::int64_t vocabulary) {
  return Reader(config, vocabulary).read();
}

ModelConfig model_config_of(const HfModel& model) {
  const HfFamily& family = *model.family;
  ModelConfig config;
  config.preset = family.preset;
  config.depth = model.depth;
  config.heads = model.heads;
  if (family.fewer_kv_heads) config.kv_heads = model.kv_heads;
  config.width = model.width;
  config.mlp_width = model.mlp_width;
  config.context = model.context;
  config.vocabulary = model.vocabulary;
  config.tie_embeddings = model.tied;
  config.dropout = model.dropout;

  // What the presets have no keys for is written as the list of layers that they stand for.
  std::vector<LayerEntry> layers = expand_preset(config);
  LayerEntry &embedding = layers[0], &block = layers[1].layers[0], &norm = layers[2];
  const HfModel plain;
  bool listed = false;
  const auto set = [&](LayerEntry& entry, const char* name, const std::string& value) {
    std::erase_if(entry.options, [&](const auto& option) { return option.first == name; });
    entry.options.emplace_back(name, value);
    listed = true;
  };
  // Unless the preset has it so, or the option stands for it where it is left out.
  const auto agree = [&](LayerEntry& entry, const char* name, const char* otherwise,
                         const std::string& value) {
    if (LayerOptions(entry).text(name, otherwise) != value) set(entry, name, value);
  };
  const std::string norm_kind = family.rms_norm ? "rms_norm" : "layer_norm";
  listed = norm.kind != norm_kind;
  norm.kind = norm_kind;
  agree(block, "norm", "layer_norm", norm_kind);
  agree(block, "bias", "true", family.bias ? "true" : "false");
  agree(block, "positions", "learned", family.rotary ? "rotary" : "learned");
  agree(block, "activation", "gelu", family.gated_mlp ? "swiglu" : model.relu ? "relu" : "gelu");
  agree(embedding, "positions", "", family.rotary ? "none" : std::to_string(model.context));
  if (model.epsilon != plain.epsilon) {
    set(block, "epsilon", fmt::format("{}", model.epsilon));
    set(norm, "epsilon", fmt::format("{}", model.epsilon));
  }
  if (model.embedding_dropout != model.dropout) {
    set(embedding, "dropout", fmt::format("{}", model.embedding_dropout));
  }
  if (model.attention_dropout != model.dropout) {
    set(block, "attention_dropout", fmt::format("{}", model.attention_dropout));
  }
  if (family.rotary && model.theta != plain.theta)
    set(block, "theta", fmt::format("{}", model.theta));
  if (!listed) return config;
  ModelConfig as_list;
  as_list.layers = std::move(layers);
  return as_list;
}

}  // namespace pipetrain
