// A convolution over sequences (T, C) or images (H, W, C), channels last (LeCun et al., Proc. IEEE
// 86(11), 1998, section II-A; as all libraries, it does not mirror the kernel).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/starting_values.h"
#include "ops/convolution.h"

namespace pipetrain {

struct ConvolutionOptions {
  std::int64_t channels = 0;  // of the output
  Window window;
  bool bias = true;
  bool input_gradient = true;  // false: nothing before this layer learns
  Start start;
};
// The entries of a row (T, C) or (H, W, C) that an output sums, and the outputs that take one.
struct Fans {
  std::int64_t in, out;
};
Fans fans_of(const Shape& row, const ConvolutionOptions& options);

// The image of a row: (H, W, C), or a sequence (T, C) as one of height 1.
Plane image_of(const Shape& row);
// (OH, OW, channels), or (OT, channels) for a sequence.
Shape windowed_row(const Shape& row, const Window& window, std::int64_t channels);

// kernel, stride and padding; `same` pads so that stride 1 keeps the size. Whatever leaves no room
// for one window is refused.
// Without a default the stride is the kernel.
inline constexpr SizeOption kKernel{"kernel", "Entries along each side of a window."};
Window read_window(const Shape& row, LayerOptions& options, const SizeOption& stride_option,
                   const SizeOption& padding_option, const std::string& default_padding);

class Convolution : public Layer {
 public:
  Convolution(std::string name, Shape row, const ConvolutionOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  double forward_flop() const override { return shape(1).flop(); }

 private:
  ConvolutionShape shape(std::int64_t rows) const;

  ConvolutionOptions options_;
  std::size_t weight_ = 0, bias_ = 0;
};

// With starting values for a convolution of this part of the model.
std::unique_ptr<Layer> make_convolution(const std::string& name, const Shape& row,
                                        ConvolutionOptions options, const Starts& starts,
                                        ModelPart part);

}  // namespace pipetrain
