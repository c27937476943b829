// Convolutions as products of matrices: what a pixel of the output reads is copied into one row of
// "columns", a block of them at a time (im2col; Chellapilla, Puri and Simard, "High performance
// convolutional neural networks for document processing", 2006). It must not know how weights come
// into the layout that it reads.
//
// oneDNN's convolutions for AVX2 reach less of the processor than its products do, the more so for
// many channels of small images. Those for AVX-512 are as fast as products.
#pragma once

#include <cstdint>

#include "ops/convolution.h"

namespace pipetrain {

// Whether F and W of float32 are faster so, and whether I is, too. It depends on shape and
// instruction set alone.
bool faster_by_columns(const ConvolutionShape& shape);
bool input_faster_by_columns(const ConvolutionShape& shape);

// F reads weights (KH, KW, in, out), whose rows lie so far apart.
std::int64_t columns_weight_pitch(const ConvolutionShape& shape);
void columns_forward(Ops& ops, const ConvolutionShape& shape, const float* x, const float* weight,
                     const float* bias, float* y);
// I reads weights (out, KH, KW, in), and W writes their gradient so.
void columns_backward_input(Ops& ops, const ConvolutionShape& shape, const float* dy,
                            const float* weight, float* dx);
void columns_backward_weight(Ops& ops, const ConvolutionShape& shape, const float* dy,
                             const float* x, float* dweight);

}  // namespace pipetrain
