#include "nn/model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/suggest.h"
#include "nn/embedding.h"
#include "nn/layer_options.h"
#include "nn/linear.h"
#include "nn/norm_layer.h"
#include "nn/residual.h"
#include "nn/row_layers.h"
#include "nn/sharing.h"
#include "nn/starting_values.h"
#include "nn/transformer_options.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kMostNumbers = std::int64_t{1} << 36;  // of a row or a parameter: 256 GiB

bool fits(const Shape& shape) {
  double numbers = 1;  // the product need not fit an integer
  for (int axis = 0; axis < shape.rank(); ++axis) numbers *= static_cast<double>(shape[axis]);
  return numbers <= static_cast<double>(kMostNumbers);
}

class Builder {
 public:
  Builder(const ModelConfig& config, const DataShape& data, const TensorPlace& place)
      : config_(config), data_(data), sharing_(place) {
    row_ = data.row;
  }

  std::vector<std::unique_ptr<Layer>> build() {
    const std::vector<LayerEntry> entries = expand_preset(config_);
    const std::vector<const LayerEntry*> flat = unrolled(entries);
    int residual_layers = 0;
    for (const LayerEntry* entry : flat) {
      residual_layers += entry->kind == "transformer_block"                   ? 2
                         : entry->kind == "attention" || entry->kind == "mlp" ? 1
                                                                              : 0;
    }
    starts_ = Starts(config_, residual_layers);
    for (const LayerEntry* entry : flat) {
      at_end_ = entry == flat.back();
      make(*entry);
    }
    check_output(*flat.back());
    sharing_.finish();
    return std::move(layers_);
  }

 private:
  using Maker = std::function<void(LayerOptions&)>;

  void make(const LayerEntry& entry) {
    LayerOptions options(entry);
    if (++made_ > kMaxLayers) {  // repeats within residual blocks multiply
      options.fail("the model has more than " + std::to_string(kMaxLayers) + " layers");
    }
    const auto of_row = row_layer_makers().find(entry.kind);
    if (of_row == row_layer_makers().end()) return maker(options, entry.kind)(options);
    make_from_row(of_row->second, entry.kind, options);
    options.finish();
  }

  void make_from_row(RowLayerMaker make_row_layer, const std::string& kind, LayerOptions& options) {
    require_numbers(options);
    push(make_row_layer({name(kind), row_, at_start(), starts_}, options));
  }

  const Maker& maker(const LayerOptions& options, const std::string& kind) const {
    const auto found = makers_.find(kind);
    if (found != makers_.end()) return found->second;
    std::vector<std::string> names = {"repeat"};
    for (const auto& [name, make] : makers_) names.push_back(name);
    for (const auto& [name, make] : row_layer_makers()) names.push_back(name);
    std::sort(names.begin(), names.end());
    options.fail("unknown layer; did you mean '" + nearest_word(kind, names) +
                 "'? (known: " + join(names) + ")");
  }

  std::string name(const std::string& kind) const {
    return prefix_ + std::to_string(layers_.size()) + "." + kind;
  }

  static void require_size(const std::string& what, const Shape& shape) {
    if (fits(shape)) return;
    throw Error(ExitCode::kConfiguration, "model: " + what + " would be " + shape.text() +
                                              ", expected at most " + std::to_string(kMostNumbers) +
                                              " numbers; take smaller sizes");
  }

  void push(std::unique_ptr<Layer> layer) {
    require_size("a row of " + layer->name(), layer->output_row());
    for (const Parameter& parameter : layer->parameters()) {
      require_size(parameter.name, parameter.whole);
    }
    row_ = layer->output_row();
    layers_.push_back(std::move(layer));
  }

  bool at_start() const { return layers_.empty() && !in_residual_; }

  // Token ids can only be looked up.
  void require_numbers(const LayerOptions& options) const {
    if (at_start() && data_.dtype == DType::kInt32) {
      options.fail("must not be the first layer of a model of tokens: they need an embedding");
    }
  }

  // The layers of a list inside this one, which takes `row_`.
  LayerList inner_layers(const std::vector<LayerEntry>& entries, const std::string& prefix) {
    const Shape row = row_;
    const std::string outer_prefix = std::exchange(prefix_, prefix);
    const bool outer = std::exchange(in_residual_, true);
    LayerList outer_layers = std::exchange(layers_, {});
    for (const LayerEntry* entry : unrolled(entries)) make(*entry);
    row_ = row;
    prefix_ = outer_prefix;
    in_residual_ = outer;
    return std::exchange(layers_, std::move(outer_layers));
  }

  void residual(LayerOptions& options) {
    require_numbers(options);
    const bool projected =
        options.word("skip", "identity", {"identity", "projected"}) == "projected";
    const bool relu = options.flag("relu", false);
    options.finish();
    if (options.layers().empty()) options.fail("needs a list of layers");
    const std::string made = name("residual");
    LayerList layers = inner_layers(options.layers(), made + ".");
    const Shape out = layers.back()->output_row();
    LayerList projection;
    if (projected) {
      projection = make_projection({made + ".skip.", row_, false, starts_}, out, options);
    } else if (!(out == row_)) {
      options.fail("its layers make " + out.text() + " of " + row_.text() +
                   ", so an identity cannot be added; expected skip: projected");
    }
    push(std::make_unique<Residual>(made, row_, std::move(layers), std::move(projection), relu));
  }

  void require_tokens(const LayerOptions& options) const {
    if (row_.rank() != 2) {
      options.fail("takes rows of (tokens, width), but gets " + row_.text());
    }
  }

  void embedding(LayerOptions& options) {
    if (!at_start()) options.fail("must be the first layer: it takes token ids");
    if (data_.dtype != DType::kInt32) {
      options.fail("takes token ids, but the data's rows are numbers of " + data_.row.text());
    }
    EmbeddingOptions made;
    vocabulary_ = options.size("vocabulary", vocabulary_, "auto", data_.vocabulary);
    made.vocabulary = vocabulary_;
    made.width = options.size("width", 0);
    made.context = options.size("positions", data_.row[0], "none", 0);
    made.dropout = options.fraction("dropout", 0);
    options.finish();
    if (made.vocabulary < data_.vocabulary) {
      options.fail("vocabulary " + std::to_string(made.vocabulary) +
                   " is smaller than the data's " + std::to_string(data_.vocabulary) +
                   "; give at least that, or auto");
    }
    if (made.context > 0 && made.context < data_.row[0]) {
      options.fail("has " + std::to_string(made.context) + " positions, but sequences have " +
                   std::to_string(data_.row[0]) + " tokens; lower data.sequence_length");
    }
    made.place = sharing_.by_vocabulary(options, made.vocabulary);
    made.table = starts_.of(ModelPart::kTable, 1, made.width).weight;
    made.positions = starts_.of(ModelPart::kPositions, 1, made.width).weight;
    push(std::make_unique<Embedding>(name("embedding"), data_.row[0], made));
  }

  void attention(LayerOptions& options) {
    require_tokens(options);
    AttentionOptions made = read_attention(options, row_, starts_, rotary_);
    made.place = sharing_.evenly(options, "heads", made.heads);
    sharing_.evenly(options, "kv_heads", made.kv_heads);
    push(std::make_unique<Attention>(name("attention"), row_, made));
  }

  void mlp(LayerOptions& options) {
    require_tokens(options);
    MlpOptions made = read_mlp(options, row_, starts_);
    made.place = sharing_.evenly(options, "the MLP's width", made.hidden);
    push(std::make_unique<Mlp>(name("mlp"), row_, made));
  }

  void norm(LayerOptions& options, const std::string& kind) {
    const float epsilon = read_epsilon(options);
    options.finish();
    require_numbers(options);
    push(std::make_unique<NormLayer>(
        name(kind), row_, kind == "rms_norm" ? NormKind::kRms : NormKind::kLayer, epsilon));
  }

  void linear(LayerOptions& options) {
    LinearOptions made;
    const bool classes = options.text("features", "") == "classes";
    made.features =
        classes ? data_.classes : options.size("features", 0, "vocabulary", vocabulary_);
    made.bias = options.flag("bias", true);
    made.start = starts_.of(at_end_ && !in_residual_ ? ModelPart::kHead : ModelPart::kLinear,
                            row_.back(), made.features);
    const bool tied = options.flag("tied", false);
    options.finish();
    require_numbers(options);
    if (made.features < 1) {
      options.fail(classes ? "features: classes, but the data has no labels; expected a number"
                           : "features: vocabulary needs an embedding before it");
    }
    if (tied) {
      if (in_residual_) options.fail("tied: not inside of a residual block");
      const std::vector<Parameter>& first = layers_.front()->parameters();
      if (first.empty() || !(first[0].whole == Shape{made.features, row_.back()})) {
        options.fail("tied: needs an embedding of shape " +
                     Shape{made.features, row_.back()}.text() + " as the first layer");
      }
      const bool again = std::any_of(layers_.begin(), layers_.end(), [](const auto& layer) {
        const std::vector<Parameter>& own = layer->parameters();
        return !own.empty() && own[0].tied_to_earlier;
      });
      if (again) options.fail("tied: another layer is tied to the embedding; only one may be");
      made.tied_to = first[0].name;
      made.start.weight = first[0].initial;
      if (!at_end_ && !sharing_.alone()) {
        options.fail(
            "tied: with parallel.tensor above 1 only the last layer may be; set that to 1, or tied "
            "to false");
      }
    }
    const bool over_vocabulary = tied || options.text("features", "") == "vocabulary";
    if (at_end_ && !in_residual_ && over_vocabulary) {
      made.place = sharing_.by_vocabulary(options, made.features);
    }
    push(std::make_unique<Linear>(name("linear"), row_, made));
  }

  void check_output(const LayerEntry& last) const {
    const std::int64_t outputs = layers_.back()->outputs();
    if (outputs >= data_.classes) return;
    LayerOptions(last).fail("the model ends with " + std::to_string(outputs) +
                            " outputs, but the data has " + std::to_string(data_.classes) +
                            " classes; expected at least as many (features, or model.classes)");
  }

  const ModelConfig& config_;
  DataShape data_;
  Sharing sharing_;
  Shape row_;
  std::int64_t vocabulary_ = data_.vocabulary;
  Starts starts_;
  std::size_t made_ = 0;                       // layers, those inside of others counted
  std::shared_ptr<const RotaryTable> rotary_;  // layers of the same shape share it
  std::string prefix_ = "layers.";             // of the names of this list's layers
  bool in_residual_ = false;
  bool at_end_ = false;  // the entry that is made is the last one
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
      {"residual", [this](LayerOptions& o) { residual(o); }},
      {"patch_embedding",
       [this](LayerOptions& o) {
         make_from_row(row_layer_makers().at("patches"), "patches", o);
         make_from_row(row_layer_makers().at("positions"), "positions", o);
         o.finish();
       }},
  };
};

}  // namespace

std::vector<std::unique_ptr<Layer>> build_layers(const ModelConfig& config, const DataShape& data,
                                                 const TensorPlace& place, DType activations) {
  std::vector<std::unique_ptr<Layer>> layers = Builder(config, data, place).build();
  for (const auto& layer : layers) {
    layer->set_precision({activations, layer == layers.front(), layer == layers.back()});
  }
  return layers;
}

std::int64_t parameter_count(const std::vector<std::unique_ptr<Layer>>& layers) {
  std::int64_t count = 0;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (!parameter.tied_to_earlier) count += parameter.whole.elements();
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
