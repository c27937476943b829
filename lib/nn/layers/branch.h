// The end of attention and MLP: what a branch has made goes through a product, maybe a norm of its
// own (Gemma Team, arXiv:2408.00118, section 2), and dropout, and is added to the layer's input. It
// must not know what the branch computes.
#pragma once

#include <memory>
#include <string>

#include "nn/layer_options.h"
#include "nn/layers/dropout.h"
#include "nn/layers/norm_layer.h"

namespace pipetrain {

struct BranchNames {
  static constexpr const char* kNormBehind = "norm_behind";
};

struct BranchOptions {
  double dropout = 0;        // rate
  bool norm_behind = false;  // of the layer's own kind
  bool residual = true;      // the result is added to the layer's input
};

// Error(kConfiguration) if there shall be one and `norm` is none.
bool read_norm_behind(LayerOptions& options, NormKind norm);

class Branch {
 public:
  // A norm adds its parameters to those of the layer, which must outlive this and adopts it.
  Branch(const Layer& layer, const BranchOptions& options, NormKind norm, float epsilon);

  NormLayer* norm() const { return norm_.get(); }  // behind; may be null
  bool residual() const { return options_.residual; }

  // x [+]= dropped(norm(input W^T + b)); `saved` is the norm's. Ranks that share the layer have
  // each some columns of input and W; what they make is summed.
  Tensor forward(const Context& context, const TensorPlace& place, const Tensor& input,
                 ConstMatrix weight, const float* bias, Tensor x, Saved& saved) const;
  // The gradient of the product, of dy; empty if it is dy itself.
  Tensor backward_input(const Context& context, const Tensor& dy, Saved& saved) const;
  void backward_weight(const Context& context, Saved& saved) const;

 private:
  DropoutMask mask(const Context& context) const;

  const Layer& layer_;
  BranchOptions options_;
  std::unique_ptr<NormLayer> norm_;
};

}  // namespace pipetrain
