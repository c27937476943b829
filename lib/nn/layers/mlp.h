// The MLP half of a pre-norm transformer block: y = x + down(activation(up(norm(x)))); with a gate
// (Shazeer, arXiv:2002.05202, section 2) x + down(activation(gate(norm(x))) * up(norm(x))).
// What is added to x goes through dropout. Ranks that share the layer have each some of the hidden
// columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/table.h"
#include "nn/layer_options.h"
#include "nn/layers/branch.h"
#include "nn/norm.h"
#include "nn/starting_values.h"

namespace pipetrain {

class ModelBuilder;

enum class MlpActivation : std::uint8_t { kGelu, kExactGelu, kRelu, kSwiGlu, kGeGlu };

inline constexpr Choice<MlpActivation> kMlpActivations[] = {
    {MlpActivation::kGelu, "gelu", "GELU, in its tanh form."},
    {MlpActivation::kExactGelu, "exact_gelu", "GELU, by the normal distribution function."},
    {MlpActivation::kRelu, "relu", "The larger of each entry and 0."},
    {MlpActivation::kSwiGlu, "swiglu", "SiLU of one half of the columns, times the other half."},
    {MlpActivation::kGeGlu, "geglu", "GELU, in its tanh form, in place of SiLU."},
};

// Gate and up: twice as many columns before the activation as behind it.
constexpr bool is_gated(MlpActivation activation) {
  return activation == MlpActivation::kSwiGlu || activation == MlpActivation::kGeGlu;
}

inline constexpr ChoiceOption<MlpActivation> kActivationOption{
    "activation", "What stands between the products.", kMlpActivations, MlpActivation::kGelu};

struct MlpOptions {
  std::int64_t hidden = 0;  // width after the activation
  MlpActivation activation = MlpActivation::kGelu;
  double dropout = 0;  // rate
  NormKind norm = NormKind::kLayer;
  float epsilon = kNormEpsilon;               // of the norm
  bool bias = true;                           // of the norm and of the products
  bool norm_behind = false, residual = true;  // as of a Branch
  Start up, down;
  TensorPlace place;  // its size divides hidden
};

// The layer's name and those of its norm and products; each has a weight and may have a bias.
struct MlpNames {
  static constexpr const char *kLayer = "mlp", *kNorm = "norm", *kUp = "up", *kDown = "down";
  static constexpr const char* kGateUp = "gate_up";  // in place of kUp: gate, then up
};

// row (T, C). Error(kConfiguration) for what does not fit.
MlpOptions read_mlp(LayerOptions& options, const Shape& row, const Starts& starts);

class Mlp : public Layer {
 public:
  // (T, C) -> (T, C)
  Mlp(std::string name, Shape row, const MlpOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  // The hidden columns before the activation.
  std::vector<RemadePart> remade_parts() const override;
  void forget(std::size_t part, Saved& saved) const override;
  void remake(const Context& context, std::size_t part, Saved& saved) const override;
  double forward_flop() const override;
  GroupSums group_sums() const override { return {2, input_row().elements()}; }
  Reach reach() const override { return Reach::kToken; }

 private:
  Tensor hidden(Ops& ops, const Tensor& n) const;  // n (B, T, C), the norm's output

  TensorPlace place_;
  std::int64_t tokens_, width_;
  std::int64_t hidden_;  // of this rank
  MlpActivation activation_;
  std::int64_t up_width_;  // before the activation: gate and up, or hidden_
  Norm norm_;
  Branch branch_;
  std::size_t up_weight_, up_bias_, down_weight_, down_bias_;
};

// By the options of an entry, for the next layer of the model or one that it is made of.
std::unique_ptr<Layer> mlp_of(ModelBuilder& model, LayerOptions& options, const std::string& name,
                              bool residual);

}  // namespace pipetrain
