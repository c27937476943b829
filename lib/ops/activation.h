// Activation functions and their gradients over n entries. They must not know layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

void gelu_forward(Ops& ops, std::int64_t n, ConstActivationPtr x, ActivationPtr y);
// dy becomes dx; x becomes gelu(x), which the next product's weight gradient needs.
void gelu_backward(Ops& ops, std::int64_t n, ActivationPtr dy, ActivationPtr x);
void relu_forward(Ops& ops, std::int64_t n, ConstActivationPtr x, ActivationPtr y);
// dy becomes dx; x becomes relu(x).
void relu_backward(Ops& ops, std::int64_t n, ActivationPtr dy, ActivationPtr x);
// gate_up (rows, 2, n) -> y (rows, n) = silu(gate) * up (Shazeer, arXiv:2002.05202, section 2).
void swiglu_forward(Ops& ops, std::int64_t rows, std::int64_t n, ConstActivationPtr gate_up,
                    ActivationPtr y);
// dy becomes y, which the next product's weight gradient needs; gate_up becomes its gradient.
void swiglu_backward(Ops& ops, std::int64_t rows, std::int64_t n, ActivationPtr dy,
                     ActivationPtr gate_up);
void silu_forward(Ops& ops, std::int64_t n, ConstActivationPtr x, ActivationPtr y);
void silu_backward(Ops& ops, std::int64_t n, ActivationPtr dy,
                   ConstActivationPtr x);  // dy becomes dx
// x becomes max(x, 0); mask says where it was positive.
void relu_with_mask(Ops& ops, std::int64_t n, ActivationPtr x, std::uint8_t* mask);
// x *= factor where the mask is not 0, else x = 0.
void apply_mask(Ops& ops, std::int64_t n, ActivationPtr x, const std::uint8_t* mask, float factor);

}  // namespace pipetrain
