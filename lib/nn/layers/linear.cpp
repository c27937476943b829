#include "nn/layers/linear.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "nn/layers/shared_product.h"
#include "nn/layers/vocabulary_head.h"
#include "ops/activation.h"
#include "ops/bfloat16.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

enum Slot { kInput, kOutputGradient, kCapped };

Shape with_last(Shape row, std::int64_t features) {
  Shape changed = row.without_last();
  changed.append(features);
  return changed;
}

}  // namespace

Linear::Linear(std::string name, Shape row, const LinearOptions& options)
    : Layer(std::move(name), row, with_last(row, part_of(options.features, options.place).count)),
      place_(options.place),
      in_(row.back()),
      features_(options.features),
      first_(part_of(features_, place_).first),
      out_(output_row().back()),
      has_bias_(options.bias && options.tied_to.empty()),
      cap_(options.cap) {
  const Slicing features = slicing(0, {features_}, place_);
  weight_ = add_matrix("weight", {features_, in_}, options.start.weight, features);
  if (!options.tied_to.empty()) {
    parameters()[weight_].name = options.tied_to;
    parameters()[weight_].tied_to_earlier = true;
  }
  if (has_bias_) bias_ = add_parameter("bias", {features_}, options.start.bias, features);
}

double Linear::forward_flop() const {
  return 2.0 * static_cast<double>(input_row().elements()) * static_cast<double>(features_);
}

std::unique_ptr<Layer> Linear::vocabulary_piece(const TensorPlace& place,
                                                PieceGradient gradient) const {
  if (cap_ > 0 || !place_.alone() || activations() != DType::kFloat32) return nullptr;
  return std::make_unique<VocabularyHead>(name(), input_row(), parameters()[weight_],
                                          has_bias_ ? &parameters()[bias_] : nullptr, place,
                                          gradient);
}

Tensor Linear::forward(const Context& context, Tensor x, Saved& saved) {
  Tensor y(context.ops.pool(), with_last(x.shape(), out_), output_dtype_);
  linear_forward(context.ops, x, matrix(weight_), has_bias_ ? value(bias_) : nullptr, y);
  if (cap_ > 0) soft_cap(context.ops, y, cap_);
  if (context.mode == Mode::kTrain) {
    saved[kInput] = std::move(x);
    if (cap_ > 0) {
      saved[kCapped] = Tensor(context.ops.pool(), y.shape(), y.dtype());
      copy(context.ops, y, saved[kCapped]);
    }
  }
  return y;
}

Tensor Linear::backward_input(const Context& context, Tensor dy, Saved& saved) {
  if (cap_ > 0) {
    const Tensor capped = converted(context.ops, std::move(saved[kCapped]), dy.dtype());
    soft_cap_backward(context.ops, dy, capped, cap_);
    saved[kCapped].reset();
  }
  Tensor dx = shared_input_gradient(context, place_, saved[kInput].shape(), dy, value(weight_));
  saved[kOutputGradient] = std::move(dy);
  return dx;
}

void Linear::backward_weight(const Context& context, Saved& saved) {
  linear_backward_weight(context.ops, saved[kOutputGradient], saved[kInput], gradient(weight_),
                         has_bias_ ? gradient(bias_) : nullptr, context.accumulate);
  saved.clear();
}

namespace {

// The embedding's table becomes the weight.
void tie(LinearOptions& made, const ModelBuilder& model, const LayerOptions& options) {
  if (model.inside()) options.fail("tied: not inside of a residual block");
  const Shape shape{made.features, model.row().back()};
  const std::vector<Parameter>& first = model.layers().front()->parameters();
  if (first.empty() || !(first[0].whole == shape)) {
    options.fail("tied: needs an embedding of shape " + shape.text() + " as the first layer");
  }
  const bool again =
      std::any_of(model.layers().begin(), model.layers().end(), [](const auto& layer) {
        const std::vector<Parameter>& own = layer->parameters();
        return !own.empty() && own[0].tied_to_earlier;
      });
  if (again) options.fail("tied: another layer is tied to the embedding; only one may be");
  made.tied_to = first[0].name;
  made.start.weight = first[0].initial;
}

}  // namespace

namespace {

constexpr const char *kWords = "vocabulary", *kClasses = "classes";
constexpr SizeOption kFeatures{.name = "features",
                               .meaning = "Entries of the output's last axis.",
                               .words = "`vocabulary` or `classes`",
                               .from_data = true};
constexpr FlagOption kBias{"bias", "One for each feature is added.", true},
    kTied{"tied", "The weight is the embedding's table; then without bias.", false};

// Nobody computes with them: they stay with the model until it is exported.
LayerOption labels_option() {
  LayerOption option(SizeOption{.name = kLinearLabels,
                                .meaning = "Names of the features, where these are classes.",
                                .follows = "none"});
  option.values = "a JSON list of texts";
  option.compared = false;
  return option;
}

}  // namespace

std::vector<LayerOption> linear_options() {
  return {kFeatures, kBias, kTied, kLinearCap, labels_option()};
}

LinearOptions read_linear(LayerOptions& options, std::int64_t vocabulary, std::int64_t classes) {
  LinearOptions made;
  made.features = options.text(kFeatures.name, "") == kClasses
                      ? classes
                      : options.size(kFeatures.name, 0, kWords, vocabulary);
  made.bias = options.read(kBias);
  made.tied = options.read(kTied);
  made.cap = static_cast<float>(options.read(kLinearCap));
  options.text(kLinearLabels, "");
  return made;
}

void make_linear(ModelBuilder& model, LayerOptions& options) {
  const std::string features = options.text(kFeatures.name, "");
  LinearOptions made = read_linear(options, model.vocabulary(), model.data().classes);
  made.start = model.starts().of(model.at_end() ? ModelPart::kHead : ModelPart::kLinear,
                                 model.row().back(), made.features);
  if (made.features < 1) {
    options.fail(features == kClasses
                     ? "features: classes, but the data has no labels; expected a number"
                     : "features: vocabulary needs an embedding before it");
  }
  if (made.tied) {
    tie(made, model, options);
    if (!model.at_end()) {
      model.sharing().never(
          options,
          "tied: with parallel.tensor above 1 only the last layer may be; set that to 1, or tied "
          "to false");
    }
  }
  if (model.at_end() && (made.tied || features == kWords)) {
    made.place = model.sharing().by_vocabulary(options, made.features);
  }
  model.add(std::make_unique<Linear>(model.name(LinearNames::kLayer), model.row(), made));
}

}  // namespace pipetrain
