// Convolution over images whose channels lie last, and its two gradients. Weights and their
// gradients are plain float32 (out, in, kernel height, kernel width); oneDNN's packed copies of
// them are made here and seen nowhere else. Where x and dy are bfloat16, they are multiplied with
// rounded weights, sums are made in float32, and y and dx are rounded once. It must not know
// layers.
#pragma once

#include <compare>
#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"
#include "ops/window.h"

namespace pipetrain {

struct ConvolutionShape {
  std::int64_t batch = 0;
  Plane image;  // of the input
  Window window;
  std::int64_t in = 0, out = 0;
  bool bias = false;
  DType dtype = DType::kFloat32;  // of x, y and their gradients

  std::int64_t out_rows() const { return batch * window.over(image).pixels(); }
  std::int64_t weights() const { return out * in * window.kernel.pixels(); }
  // Floating-point operations of the forward; each gradient takes as many.
  double flop() const {
    return 2.0 * static_cast<double>(out_rows() * out) *
           static_cast<double>(in * window.kernel.pixels());
  }
  friend auto operator<=>(const ConvolutionShape&, const ConvolutionShape&) = default;
};

// x (N, H, W, in), weight (out, in, KH, KW), bias (out) or null -> y (N, OH, OW, out)
void convolution_forward(Ops& ops, const ConvolutionShape& shape, ConstMatrix x,
                         const float* weight, const float* bias, Matrix y);
// dy -> dx
void convolution_backward_input(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                const float* weight, Matrix dx);
// dweight, dbias (null without one) are written, or added to.
void convolution_backward_weight(Ops& ops, const ConvolutionShape& shape, ConstMatrix dy,
                                 ConstMatrix x, float* dweight, float* dbias, bool accumulate);

// FLOP per second that oneDNN's convolutions reach here, of those that `ops` has run; zero if none.
struct ConvolutionRates {
  double best = 0;  // of the fastest of them
  double all = 0;   // of all together, each as often as it has run, at its best time
};
// Each runs alone for about `seconds`, on activations in the layout that oneDNN itself chooses.
ConvolutionRates measure_convolutions(Ops& ops, double seconds = 0.15);

}  // namespace pipetrain
