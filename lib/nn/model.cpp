#include "nn/model.h"

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/error.h"
#include "base/suggest.h"
#include "nn/embedding.h"
#include "nn/layer_options.h"
#include "nn/linear.h"
#include "nn/norm_layer.h"
#include "nn/transformer_options.h"

namespace pipetrain {
namespace {

constexpr std::size_t kMaxLayers = 100000;  // a typing error in `repeat` should not take all memory

// Every entry with its repeats unrolled.
void unroll(const std::vector<LayerEntry>& entries, std::vector<const LayerEntry*>& flat) {
  for (const LayerEntry& entry : entries) {
    LayerOptions options(entry);
    if (entry.kind != "repeat") {
      flat.push_back(&entry);
      continue;
    }
    const std::int64_t count = options.size("count", 0);
    options.finish();
    if (entry.layers.empty()) options.fail("needs a list of layers");
    for (std::int64_t i = 0; i < count; ++i) {
      unroll(entry.layers, flat);
      if (flat.size() > kMaxLayers) {
        options.fail("unrolls to more than " + std::to_string(kMaxLayers) + " layers");
      }
    }
  }
}

class Builder {
 public:
  Builder(const ModelConfig& config, const DataShape& data) : config_(config), data_(data) {
    row_ = {data.tokens};
  }

  std::vector<std::unique_ptr<Layer>> build() {
    const std::vector<LayerEntry> entries = expand_preset(config_);
    std::vector<const LayerEntry*> flat;
    unroll(entries, flat);
    for (const LayerEntry* entry : flat) {
      residual_layers_ += entry->kind == "transformer_block"                   ? 2
                          : entry->kind == "attention" || entry->kind == "mlp" ? 1
                                                                               : 0;
    }
    for (const LayerEntry* entry : flat) {
      LayerOptions options(*entry);
      maker(options, entry->kind)(options);
    }
    return std::move(layers_);
  }

 private:
  using Maker = std::function<void(LayerOptions&)>;

  const Maker& maker(const LayerOptions& options, const std::string& kind) const {
    const auto found = makers_.find(kind);
    if (found != makers_.end()) return found->second;
    std::vector<std::string> names = {"repeat"};
    for (const auto& [name, make] : makers_) names.push_back(name);
    options.fail("unknown layer; did you mean '" + nearest_word(kind, names) +
                 "'? (known: " + join(names) + ")");
  }

  std::string name(const std::string& kind) const {
    return "layers." + std::to_string(layers_.size()) + "." + kind;
  }

  void push(std::unique_ptr<Layer> layer) {
    row_ = layer->output_row();
    layers_.push_back(std::move(layer));
  }

  void require_tokens(const LayerOptions& options) const {
    if (row_.rank() != 2) {
      options.fail("takes rows of (tokens, width), but gets " + row_.text());
    }
  }

  float residual_scale() const {
    return 0.02f / std::sqrt(static_cast<float>(std::max(1, residual_layers_)));
  }

  void embedding(LayerOptions& options) {
    if (!layers_.empty()) options.fail("must be the first layer: it takes token ids");
    EmbeddingOptions made;
    vocabulary_ = options.size("vocabulary", vocabulary_, "auto", data_.vocabulary);
    made.vocabulary = vocabulary_;
    made.width = options.size("width", 0);
    made.context = options.size("positions", data_.tokens, "none", 0);
    options.finish();
    if (made.vocabulary < data_.vocabulary) {
      options.fail("vocabulary " + std::to_string(made.vocabulary) +
                   " is smaller than the data's " + std::to_string(data_.vocabulary) +
                   "; give at least that, or auto");
    }
    if (made.context > 0 && made.context < data_.tokens) {
      options.fail("has " + std::to_string(made.context) + " positions, but sequences have " +
                   std::to_string(data_.tokens) + " tokens; lower data.sequence_length");
    }
    push(std::make_unique<Embedding>(name("embedding"), data_.tokens, made));
  }

  void attention(LayerOptions& options) {
    require_tokens(options);
    push(std::make_unique<Attention>(name("attention"), row_,
                                     read_attention(options, row_, residual_scale(), rotary_)));
  }

  void mlp(LayerOptions& options) {
    require_tokens(options);
    push(std::make_unique<Mlp>(name("mlp"), row_, read_mlp(options, row_, residual_scale())));
  }

  void norm(LayerOptions& options, const std::string& kind) {
    options.finish();
    if (layers_.empty()) options.fail("must not be the first layer of a model of tokens");
    push(std::make_unique<NormLayer>(name(kind), row_,
                                     kind == "rms_norm" ? NormKind::kRms : NormKind::kLayer));
  }

  void linear(LayerOptions& options) {
    LinearOptions made;
    made.features = options.size("features", 0, "vocabulary", vocabulary_);
    made.bias = options.flag("bias", true);
    const bool tied = options.flag("tied", false);
    options.finish();
    if (layers_.empty()) options.fail("must not be the first layer of a model of tokens");
    if (made.features < 1) options.fail("features: vocabulary needs an embedding before it");
    if (tied) {
      const std::vector<Parameter>& first = layers_.front()->parameters();
      if (first.empty() || !(first[0].shape == Shape{made.features, row_.back()})) {
        options.fail("tied: needs an embedding of shape " +
                     Shape{made.features, row_.back()}.text() + " as the first layer");
      }
      made.tied_to = first[0].name;
    }
    push(std::make_unique<Linear>(name("linear"), row_, made));
  }

  const ModelConfig& config_;
  DataShape data_;
  Shape row_;
  std::int64_t vocabulary_ = data_.vocabulary;
  int residual_layers_ = 0;
  std::shared_ptr<const RotaryTable> rotary_;  // layers of the same shape share it
  std::vector<std::unique_ptr<Layer>> layers_;
  const std::map<std::string, Maker> makers_ = {
      {"embedding", [this](LayerOptions& o) { embedding(o); }},
      {"attention",
       [this](LayerOptions& o) {
         attention(o);
         o.finish();
       }},
      {"mlp",
       [this](LayerOptions& o) {
         mlp(o);
         o.finish();
       }},
      {"transformer_block",
       [this](LayerOptions& o) {
         attention(o);
         mlp(o);
         o.finish();
       }},
      {"layer_norm", [this](LayerOptions& o) { norm(o, "layer_norm"); }},
      {"rms_norm", [this](LayerOptions& o) { norm(o, "rms_norm"); }},
      {"linear", [this](LayerOptions& o) { linear(o); }},
  };
};

}  // namespace

std::vector<std::unique_ptr<Layer>> build_layers(const ModelConfig& config, const DataShape& data) {
  return Builder(config, data).build();
}

std::int64_t parameter_count(const std::vector<std::unique_ptr<Layer>>& layers) {
  std::int64_t count = 0;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (!parameter.tied_to_earlier) count += parameter.elements();
    }
  }
  return count;
}

double training_flop_per_row(const std::vector<std::unique_ptr<Layer>>& layers) {
  double flop = 0;
  for (const auto& layer : layers) flop += 3 * layer->forward_flop();
  return flop;
}

}  // namespace pipetrain
