// The kinds of numbers that activations, products and messages may have, with the names that people
// give them. It must not know what is computed.
#pragma once

#include "base/table.h"
#include "tensor/shape.h"

namespace pipetrain {

inline constexpr Choice<DType> kPrecisions[] = {
    {DType::kFloat32, "float32", "32 bits."},
    {DType::kBFloat16, "bfloat16",
     "16 bits with float32's range; weights and their updates stay float32."},
};

inline constexpr Choice<DType> kMessagePrecisions[] = {
    {DType::kFloat32, "float32", "As they are."},
    {DType::kBFloat16, "bfloat16",
     "Half the bytes, rounded to nearest; results then depend on where stages are cut, which is "
     "decided without a clock."},
};

// What values of this kind pass between stages as.
constexpr DType message_dtype(DType values, DType messages) {
  return values == DType::kFloat32 ? messages : values;
}

}  // namespace pipetrain
