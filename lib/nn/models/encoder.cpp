#include "nn/models/encoder.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "base/json_text.h"
#include "nn/layers/attention_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/embedding.h"
#include "nn/layers/linear.h"
#include "nn/layers/token_types.h"
#include "nn/layers/transformer_block.h"
#include "nn/models/encoder_names.h"
#include "nn/presets/presets.h"
#include "nn/tensor_names.h"
#include "nn/unroll.h"

namespace pipetrain {
namespace {

int whole(std::int64_t number) { return static_cast<int>(number); }

// What attention has that encoders have not; empty if it is as theirs.
std::string unlike(const AttentionOptions& own, const Shape& row) {
  if (own.causal) return "is causal";
  if (own.kv_heads != own.heads) return "has fewer kv_heads than heads";
  if (own.heads * own.head_width != row[1]) return "has heads that do not make up the width";
  if (own.rotary != nullptr) return "has rotary positions";
  if (own.score_width > 0 || own.score_cap > 0) return "changes scores";
  if (own.head_norms) return "has norms of queries and keys";
  if (own.norm_behind) return "has a norm behind it";
  if (!own.residual) return "is not added to its input";
  return {};
}

std::string unlike(const MlpOptions& own) {
  if (is_gated(own.activation)) return "has a gate";
  if (own.norm_behind) return "has a norm behind it";
  if (!own.residual) return "is not added to its input";
  return {};
}

// Goes through the layers in order and takes from each what it says of the model, until one is not
// as it should be.
class EncoderReader {
 public:
  EncoderReader(const std::vector<const LayerEntry*>& layers, const TensorShapes& shapes)
      : layers_(layers), shapes_(shapes) {}

  ReadEncoder read() {
    const bool images = kind_is("patches");
    images ? read_image_start() : read_text_start();
    while (right() && kind_is(images ? kTransformerBlock : "attention")) {
      images ? read_image_block() : read_text_block();
    }
    if (right() && model_.depth == 0) wrong_ = "it has no blocks";
    if (images) take_norm();
    take("first_token", [](LayerOptions&) { return ""; });
    if (!images) read_pooler();
    take("linear", [&](LayerOptions& options) {
      const EncoderEndNames names = end_names_of(model_);
      model_.classes = extent(weight_of(names.head), 0);
      if (model_.classes == 0) return "has no weight of its own";
      if (!options.flag("bias", true)) return "has no bias";
      if (options.has(kLinearCap.name)) return "caps its outputs";
      return read_labels(options) ? ""
                                  : "has labels that are no JSON list of a text for each class";
    });
    if (right() && next_ < layers_.size()) fail("stands behind the head");
    return {right() ? model_ : Encoder(), wrong_};
  }

 private:
  bool right() const { return wrong_.empty(); }
  bool kind_is(const std::string& kind) const {
    return next_ < layers_.size() && layers_[next_]->kind == kind;
  }
  void fail(const std::string& what) {
    wrong_ = "layer " + std::to_string(next_ + 1) + " of its list, " + layers_[next_]->kind + ", " +
             what;
  }
  // reason(options) of the next layer, which is to be of this kind.
  template <class Reason>
  void take(const std::string& kind, const Reason& reason) {
    if (!right()) return;
    if (next_ == layers_.size()) {
      wrong_ = "its list ends where " + kind + " is expected";
      return;
    }
    if (!kind_is(kind)) return fail("stands where " + kind + " is expected");
    LayerOptions options(*layers_[next_]);
    const std::string why = reason(options);
    if (!why.empty()) return fail(why);
    ++next_;
  }
  void take_norm() {
    take("layer_norm", [&](LayerOptions& options) { return epsilon(options); });
  }
  int extent(const std::string& tensor, std::size_t axis) const {
    const std::vector<std::int64_t> shape = shapes_(tensor);
    return axis < shape.size() ? whole(shape[axis]) : 0;
  }

  void read_image_start() {
    take("patches", [&](LayerOptions& options) {
      model_.patch = whole(options.size("patch", 1));
      model_.width = whole(options.size("width", 1));
      model_.channels = extent(weight_of(end_names_of(model_).patches), 1);
      return "";
    });
    take("class_token", [](LayerOptions&) { return ""; });
    take("positions", [&](LayerOptions& options) {
      model_.dropout = options.fraction("dropout", 0);
      const int patches = extent(weight_of(end_names_of(model_).positions), 0) - 1;
      const int side = whole(std::lround(std::sqrt(patches)));
      model_.image = side * model_.patch;
      return patches == side * side ? "" : "is of images that are no squares";
    });
  }

  void read_text_start() {
    take(EmbeddingNames::kLayer, [&](LayerOptions& options) {
      const EmbeddingOptions given = read_embedding(options, /*tokens=*/0);
      model_.width = whole(given.width);
      model_.vocabulary = extent(token_table_name(), 0);
      model_.context = extent(position_table_name(), 0);
      if (model_.context == 0) return "has no positions";
      if (given.scaled) return "is scaled";
      return given.dropout > 0 ? "has dropout of its own" : "";
    });
    take("token_types", [&](LayerOptions& options) {
      model_.token_types = whole(options.read(kTokenTypes));
      return "";
    });
    take_norm();
    take_dropout(model_.dropout);
  }

  void take_dropout(double& rate) {
    take("dropout", [&](LayerOptions& options) {
      rate = options.fraction("rate");
      return "";
    });
  }

  void read_pooler() {
    take("linear", [&](LayerOptions& options) {
      if (options.size("features", 0, "", 0) != model_.width) {
        return "has other features than the width";
      }
      if (options.has(kLinearCap.name)) return "caps its outputs";
      return options.flag("bias", true) ? "" : "has no bias";
    });
    take("tanh", [](LayerOptions&) { return ""; });
    take_dropout(model_.head_dropout);
  }

  bool read_labels(LayerOptions& options) {
    const nlohmann::json given = parsed_json(options.text(kLinearLabels, "[]"));
    if (!given.is_array()) return false;
    for (const nlohmann::json& label : given) {
      if (!label.is_string()) return false;
      model_.labels.push_back(label);
    }
    return given.empty() || model_.labels.size() == static_cast<std::size_t>(model_.classes);
  }

  // The norms' epsilon is the same everywhere.
  std::string epsilon(LayerOptions& options) {
    const float found = read_epsilon(options);
    if (epsilon_ && *epsilon_ != found) return "has another epsilon than a norm before";
    epsilon_ = model_.epsilon = found;
    return {};
  }

  std::string attention(LayerOptions& options, NormKind norm) {
    const Shape row{1, model_.width};
    const AttentionOptions own = read_attention(options, row, Starts(), rotary_);
    if (own.norm != norm) return "has not norm " + name_of(kNorms, norm);
    if (options.read(kBranchBias) != BranchBias::kAll) return "has no biases";
    if (own.dropout != model_.dropout) return "has another dropout than the embedding";
    Encoder made = model_;
    made.heads = whole(own.heads);
    made.attention_dropout = own.weights_dropout;
    if (model_.depth > 0 && made != model_) return "differs from the blocks before";
    model_ = made;
    return unlike(own, row);
  }

  std::string mlp(LayerOptions& options, NormKind norm) {
    const MlpOptions own = read_mlp(options, {1, model_.width}, Starts());
    if (own.norm != norm) return "has not norm " + name_of(kNorms, norm);
    if (!own.bias) return "has no biases";
    if (own.dropout != model_.dropout) return "has another dropout than the embedding";
    Encoder made = model_;
    made.mlp_width = whole(own.hidden);
    made.activation = own.activation;
    if (model_.depth > 0 && made != model_) return "differs from the blocks before";
    model_ = made;
    return unlike(own);
  }

  void read_image_block() {
    take(kTransformerBlock, [&](LayerOptions& options) {
      if (options.read(kParallelOption)) return std::string("is parallel");
      std::string why = attention(options, NormKind::kLayer);
      if (why.empty()) why = mlp(options, NormKind::kLayer);
      return why.empty() ? epsilon(options) : why;
    });
    ++model_.depth;
  }

  void read_text_block() {
    take("attention", [&](LayerOptions& options) { return attention(options, NormKind::kNone); });
    take_norm();
    take("mlp", [&](LayerOptions& options) { return mlp(options, NormKind::kNone); });
    take_norm();
    ++model_.depth;
  }

  const std::vector<const LayerEntry*>& layers_;
  const TensorShapes& shapes_;
  std::size_t next_ = 0;
  std::string wrong_;
  std::optional<float> epsilon_;  // of the norms before
  std::shared_ptr<const RotaryTable> rotary_;
  Encoder model_;
};

}  // namespace

ReadEncoder read_encoder(const ModelConfig& config, const TensorShapes& shapes) {
  const std::vector<LayerEntry> entries = expand_preset(config);
  const std::vector<const LayerEntry*> layers = unrolled(entries);
  return EncoderReader(layers, shapes).read();
}

}  // namespace pipetrain
