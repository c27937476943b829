// A linear layer y = x W^T [+ b] over the last axis; its weight may be tied to an embedding's table
// (Press and Wolf, arXiv:1608.05859). Ranks may share its features, each making some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/starting_values.h"

namespace pipetrain {

struct LinearOptions {
  std::int64_t features = 0;
  bool bias = true;
  bool tied = false;    // to the embedding's table
  float cap = 0;        // y becomes cap * tanh(y / cap); 0: it stays
  Start start;          // of a tied one: the table's
  std::string tied_to;  // name of the embedding table (features, C) that is this layer's weight;
                        // then there is no bias
  TensorPlace place;    // in the group that shares the features; alone: this rank makes all
};

// All but the start and what a model knows; `features` may be as many as either of these.
LinearOptions read_linear(LayerOptions& options, std::int64_t vocabulary, std::int64_t classes);

// What a decoder is written with, too.
inline constexpr NumberOption kLinearCap{"cap", "Outputs y become c tanh(y / c) for this c.", 0,
                                         "none"};

inline constexpr const char* kLinearLabels = "labels";

// The layer's name; its weight and bias have no other.
struct LinearNames {
  static constexpr const char* kLayer = "linear";
};

class Linear : public Layer {
 public:
  // (..., C) -> (..., features)
  Linear(std::string name, Shape row, const LinearOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  DType output_dtype() const override { return output_dtype_; }
  void set_precision(const Precision& precision) override {
    Layer::set_precision(precision);
    output_dtype_ = precision.last ? DType::kFloat32 : precision.activations;
  }
  std::int64_t outputs() const override { return features_; }
  std::int64_t first_output() const override { return first_; }
  double forward_flop() const override;
  GroupSums group_sums() const override { return {1, input_row().elements()}; }
  Reach reach() const override { return Reach::kToken; }
  std::unique_ptr<Layer> vocabulary_piece(const TensorPlace& place,
                                          PieceGradient gradient) const override;

 private:
  TensorPlace place_;
  std::int64_t in_, features_;
  std::int64_t first_, out_;  // of the features, those of this rank
  bool has_bias_;
  float cap_;
  DType output_dtype_ = DType::kFloat32;
  std::size_t weight_ = 0, bias_ = 0;
};

}  // namespace pipetrain
