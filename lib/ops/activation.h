// Activation functions and their gradients, entry by entry. They must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

void gelu_forward(Ops& ops, ConstMatrix x, Matrix y);
// dy becomes dx; x becomes gelu(x), which the next product's weight gradient needs.
void gelu_backward(Ops& ops, Matrix dy, Matrix x);
void relu_forward(Ops& ops, ConstMatrix x, Matrix y);
// dy becomes dx; x becomes relu(x).
void relu_backward(Ops& ops, Matrix dy, Matrix x);
// gate_up (rows, 2 n), the gates first -> y (rows, n) = silu(gate) * up (Shazeer, arXiv:2002.05202,
// section 2).
void swiglu_forward(Ops& ops, ConstMatrix gate_up, Matrix y);
// dy becomes y, which the next product's weight gradient needs; gate_up becomes its gradient.
void swiglu_backward(Ops& ops, Matrix dy, Matrix gate_up);
// The same with GELU, in its tanh form, in place of SiLU.
void geglu_forward(Ops& ops, ConstMatrix gate_up, Matrix y);
void geglu_backward(Ops& ops, Matrix dy, Matrix gate_up);
// GELU by the normal distribution function; backward as of the tanh form.
void exact_gelu_forward(Ops& ops, ConstMatrix x, Matrix y);
void exact_gelu_backward(Ops& ops, Matrix dy, Matrix x);
// x becomes cap * tanh(x / cap).
void soft_cap(Ops& ops, Matrix x, float cap);
void soft_cap_backward(Ops& ops, Matrix dy, ConstMatrix y, float cap);  // dy becomes dx
void silu_forward(Ops& ops, ConstMatrix x, Matrix y);
void silu_backward(Ops& ops, Matrix dy, ConstMatrix x);  // dy becomes dx
// x becomes max(x, 0); mask says where it was positive.
void relu_with_mask(Ops& ops, Matrix x, std::uint8_t* mask);
// x *= factor where the mask is not 0, else x = 0.
void apply_mask(Ops& ops, Matrix x, const std::uint8_t* mask, float factor);

}  // namespace pipetrain
