// The kinds of numbers that activations and products may have, with the names that people give
// them. It must not know what is computed.
#pragma once

#include "base/table.h"
#include "tensor/shape.h"

namespace pipetrain {

inline constexpr Choice<DType> kPrecisions[] = {
    {DType::kFloat32, "float32", "32 bits."},
    {DType::kBFloat16, "bfloat16",
     "16 bits with float32's range; weights and their updates stay float32."},
};

}  // namespace pipetrain
