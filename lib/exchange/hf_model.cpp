#include "exchange/hf_model.h"

#include <spdlog/fmt/fmt.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nn/model.h"
#include "nn/transformer_options.h"
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
    refuse_if(config_.data.labels(), "its data have labels, not next tokens");
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
    throw Error(ExitCode::kConfiguration,
                "--format hf: the model is neither a GPT-2 nor a Llama of Hugging Face: " + where_ +
                    what +
                    "; expected one like the presets gpt and llama, or --format safetensors");
  }

  bool llama() const { return model_.family == HfFamily::kLlama; }
  const char* family() const { return llama() ? "Llama" : "GPT-2"; }
  std::string not_of_family(const std::string& what) const {
    return what + ", which " + family() + " has not";
  }

  void embedding(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != "embedding", "is not an embedding of tokens");
    model_.width = static_cast<int>(options.size("width", 0));
    const std::int64_t positions = options.size("positions", model_.context, "none", 0);
    model_.family = positions == 0 ? HfFamily::kLlama : HfFamily::kGpt2;
    if (!llama()) model_.context = static_cast<int>(positions);
    const double dropout = options.fraction("dropout", 0);
    if (!llama()) model_.embedding_dropout = dropout;
  }

  void block(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != "transformer_block", "stands between embedding and last norm");
    std::shared_ptr<const RotaryTable> no_table;
    const Shape row{1, model_.width};
    const AttentionOptions attention = read_attention(options, row, Starts(), no_table);
    const MlpOptions mlp = read_mlp(options, row, Starts());
    refuse_if(!attention.causal, "is not causal");
    refuse_if(attention.norm != norm(), not_of_family("has another norm"));
    refuse_if(attention.bias == llama(), not_of_family(llama() ? "has biases" : "has no biases"));
    refuse_if((attention.rotary != nullptr) != llama(),
              not_of_family(llama() ? "has no rotary positions" : "has rotary positions"));
    refuse_if((mlp.activation == MlpActivation::kSwiGlu) != llama(),
              not_of_family("has another activation"));
    refuse_if(!llama() && attention.kv_heads != attention.heads,
              not_of_family("has fewer kv_heads"));
    HfModel made = model_;
    made.heads = static_cast<int>(attention.heads);
    made.kv_heads = static_cast<int>(attention.kv_heads);
    made.mlp_width = static_cast<int>(mlp.hidden);
    made.epsilon = attention.epsilon;
    made.relu = mlp.activation == MlpActivation::kRelu;
    made.attention_dropout = attention.weights_dropout;
    if (llama()) {
      made.theta = attention.rotary->theta();
    } else {
      made.dropout = attention.dropout;
    }
    refuse_if(model_.depth > 0 && made != model_, "differs from the blocks before");
    model_ = made;
    ++model_.depth;
  }

  void last_norm(LayerOptions& options, const std::string& kind) {
    refuse_if(kind != (llama() ? "rms_norm" : "layer_norm"),
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

  NormKind norm() const { return llama() ? NormKind::kRms : NormKind::kLayer; }

  const Config& config_;
  std::string where_;
  HfModel model_;
};

}  // namespace

HfModel hf_model_of(const Config& config, std::int64_t vocabulary) {
  return Reader(config, vocabulary).read();
}

ModelConfig model_config_of(const HfModel& model) {
  const bool llama = model.family == HfFamily::kLlama;
  ModelConfig config;
  config.preset = llama ? "llama" : "gpt";
  config.depth = model.depth;
  config.heads = model.heads;
  if (llama) config.kv_heads = model.kv_heads;
  config.width = model.width;
  config.mlp_width = model.mlp_width;
  config.context = model.context;
  config.vocabulary = std::to_string(model.vocabulary);
  config.tie_embeddings = model.tied;
  config.dropout = model.dropout;

  // What the presets have no keys for is written as the list of layers that they stand for.
  std::vector<LayerEntry> layers = expand_preset(config);
  LayerEntry &embedding = layers[0], &block = layers[1].layers[0], &norm = layers[2];
  const HfModel plain;
  bool listed = false;
  const auto add = [&](LayerEntry& entry, const char* name, const std::string& value) {
    entry.options.emplace_back(name, value);
    listed = true;
  };
  if (model.epsilon != plain.epsilon) {
    add(block, "epsilon", fmt::format("{}", model.epsilon));
    add(norm, "epsilon", fmt::format("{}", model.epsilon));
  }
  if (model.embedding_dropout != model.dropout) {
    std::erase_if(embedding.options, [](const auto& option) { return option.first == "dropout"; });
    add(embedding, "dropout", fmt::format("{}", model.embedding_dropout));
  }
  if (model.attention_dropout != model.dropout) {
    add(block, "attention_dropout", fmt::format("{}", model.attention_dropout));
  }
  if (model.relu) add(block, "activation", "relu");
  if (llama && model.theta != plain.theta) add(block, "theta", fmt::format("{}", model.theta));
  if (!listed) return config;
  ModelConfig as_list;
  as_list.layers = std::move(layers);
  return as_list;
}

}  // namespace pipetrain
