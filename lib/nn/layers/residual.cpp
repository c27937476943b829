#include "nn/layers/residual.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"
#include "nn/layers/projection.h"
#include "ops/activation.h"
#include "ops/entrywise.h"

namespace pipetrain {
namespace {

enum Slot { kMask };

Tensor copy_of(Ops& ops, const Tensor& x) {
  Tensor copy(ops.pool(), x.shape(), x.dtype());
  pipetrain::copy(ops, x, copy);
  return copy;
}

Tensor forward_list(const LayerList& layers, const Context& context, Tensor x, Saved& saved,
                    std::size_t first) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x = layers[i]->forward(context, std::move(x), saved.inner(first + i));
  }
  return x;
}

Tensor backward_list(const LayerList& layers, const Context& context, Tensor dy, Saved& saved,
                     std::size_t first) {
  for (std::size_t i = layers.size(); i-- > 0;) {
    dy = layers[i]->backward_input(context, std::move(dy), saved.inner(first + i));
  }
  return dy;
}

}  // namespace

Residual::Residual(std::string name, Shape row, LayerList layers, LayerList projection, bool relu)
    : Layer(std::move(name), row, layers.back()->output_row()),
      layers_(std::move(layers)),
      projection_(std::move(projection)),
      relu_(relu) {
  for (const LayerList* list : {&layers_, &projection_}) {
    for (const auto& layer : *list) adopt(*layer);
  }
}

void Residual::set_precision(const Precision& precision) {
  Layer::set_precision(precision);
  for (const LayerList* list : {&layers_, &projection_}) {
    for (const auto& layer : *list) layer->set_precision({precision.activations});
  }
}

double Residual::forward_flop() const {
  double flop = 0;
  for (std::size_t i = 0; i < inner_layers(); ++i) flop += inner_layer(i).forward_flop();
  return flop;
}

bool Residual::attends() const {
  for (std::size_t i = 0; i < inner_layers(); ++i) {
    if (inner_layer(i).attends()) return true;
  }
  return false;
}

Layer::GroupSums Residual::group_sums() const {
  GroupSums all;
  for (std::size_t i = 0; i < inner_layers(); ++i) {
    const GroupSums own = inner_layer(i).group_sums();
    all.count += own.count;
    all.elements = std::max(all.elements, own.elements);
  }
  return all;
}

std::vector<RemadePart> Residual::remade_parts() const {
  std::vector<RemadePart> parts;
  for (std::size_t i = 0; i < inner_layers(); ++i) {
    const std::vector<RemadePart> own = inner_layer(i).remade_parts();
    parts.insert(parts.end(), own.begin(), own.end());
  }
  return parts;
}

Residual::PartOf Residual::part_of_layer(std::size_t part) const {
  std::size_t layer = 0;
  for (;; ++layer) {
    const std::size_t own = inner_layer(layer).remade_parts().size();
    if (part < own) return {layer, part};
    part -= own;
  }
}

void Residual::forget(std::size_t part, Saved& saved) const {
  const PartOf at = part_of_layer(part);
  inner_layer(at.layer).forget(at.part, saved.inner(at.layer));
}

void Residual::remake(const Context& context, std::size_t part, Saved& saved) const {
  const PartOf at = part_of_layer(part);
  inner_layer(at.layer).remake(context, at.part, saved.inner(at.layer));
}

bool Residual::separates_documents() const {
  const auto all_do = [](const LayerList& layers) {
    return std::ranges::all_of(layers,
                               [](const auto& layer) { return layer->separates_documents(); });
  };
  return all_do(layers_) && all_do(projection_);
}

Reach Residual::reach() const {
  Reach farthest = Reach::kToken;
  for (const LayerList* list : {&layers_, &projection_}) {
    for (const auto& layer : *list) farthest = std::max(farthest, layer->reach());
  }
  return farthest;
}

Tensor Residual::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  saved.make_room(inner_layers());
  Tensor y = forward_list(layers_, context, copy_of(ops, x), saved, 0);
  const Tensor skip = forward_list(projection_, context, std::move(x), saved, layers_.size());
  add(ops, y, skip);
  if (relu_) {
    Tensor mask(ops.pool(), y.shape(), DType::kUInt8);
    relu_with_mask(ops, y, mask.u8());
    if (context.mode == Mode::kTrain) saved[kMask] = std::move(mask);
  }
  return y;
}

Tensor Residual::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  if (relu_) {
    apply_mask(ops, dy, saved[kMask].u8(), 1.0f);
    saved[kMask].reset();
  }
  Tensor dx = backward_list(layers_, context, copy_of(ops, dy), saved, 0);
  const Tensor skip = backward_list(projection_, context, std::move(dy), saved, layers_.size());
  add(ops, dx, skip);
  return dx;
}

void Residual::backward_weight(const Context& context, Saved& saved) {
  for (std::size_t i = projection_.size(); i-- > 0;) {
    projection_[i]->backward_weight(context, saved.inner(layers_.size() + i));
  }
  for (std::size_t i = layers_.size(); i-- > 0;) {
    layers_[i]->backward_weight(context, saved.inner(i));
  }
}

namespace {

// The way around the layers.
enum class Skip : std::uint8_t { kIdentity, kProjected };

constexpr Choice<Skip> kSkips[] = {
    {Skip::kIdentity, "identity", "The input itself."},
    {Skip::kProjected, "projected", "A convolution of kernel 1 and a batch norm."},
};
constexpr ChoiceOption<Skip> kSkip{"skip", "What is added to the output of its `layers`.", kSkips,
                                   Skip::kIdentity};
constexpr FlagOption kRelu{"relu", "One after the sum.", false};

}  // namespace

std::vector<LayerOption> residual_options() { return {kSkip, kRelu}; }

void make_residual(ModelBuilder& model, LayerOptions& options) {
  const Shape row = model.row();
  const bool projected = options.read(kSkip) == Skip::kProjected;
  const bool relu = options.read(kRelu);
  if (options.layers().empty()) options.fail("needs a list of layers");
  const std::string name = model.name("residual");
  LayerList layers = model.inner_layers(options.layers(), name + ".");
  const Shape out = layers.back()->output_row();
  LayerList projection;
  if (projected) {
    projection = make_projection(name + ".skip.", row, out, model.starts(), options);
  } else if (!(out == row)) {
    options.fail("its layers make " + out.text() + " of " + row.text() +
                 ", so an identity cannot be added; expected skip: projected");
  }
  model.add(std::make_unique<Residual>(name, row, std::move(layers), std::move(projection), relu));
}

}  // namespace pipetrain
