// A list of layers with a skip around it (He et al., arXiv:1512.03385, equations 1 and 2): y = f(x)
// + x, or f(x) + p(x) with a list of layers p, then a ReLU if so told. It is one layer to whoever
// runs it, and must not know what it is made of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nn/layer.h"

namespace pipetrain {

class Residual : public Layer {
 public:
  // `layers` take `row`; an empty `projection` is the identity.
  Residual(std::string name, Shape row, LayerList layers, LayerList projection, bool relu);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  void set_precision(const Precision& precision) override;
  // Those of its layers, then those of the projection.
  std::vector<RemadePart> remade_parts() const override;
  void forget(std::size_t part, Saved& saved) const override;
  void remake(const Context& context, std::size_t part, Saved& saved) const override;
  double forward_flop() const override;
  bool attends() const override;
  GroupSums group_sums() const override;
  Reach reach() const override;  // the farthest of its layers'
  bool separates_documents() const override;

 private:
  // The layers' Saved are inner(0 ...), the projection's follow.
  std::size_t inner_layers() const { return layers_.size() + projection_.size(); }
  const Layer& inner_layer(std::size_t i) const {
    return i < layers_.size() ? *layers_[i] : *projection_[i - layers_.size()];
  }
  // One of remade_parts(): the layer that has it, and which of its own it is.
  struct PartOf {
    std::size_t layer, part;
  };
  PartOf part_of_layer(std::size_t part) const;

  LayerList layers_, projection_;
  bool relu_;
};

}  // namespace pipetrain
