// Convolutions of all kinds with made-up operands, for the tests of what is computed and of what is
// kept for it.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/convolution.h"
#include "reference.h"

namespace pipetrain {

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
}

inline const std::vector<ConvolutionShape> kConvolutions = {
    {.batch = 3, .image = {9, 7}, .window = square(3, 1, 1), .in = 3, .out = 16, .bias = true},
    {.batch = 2, .image = {8, 8}, .window = square(3, 2, 1), .in = 16, .out = 24},
    {.batch = 2, .image = {8, 8}, .window = square(1, 2, 0), .in = 8, .out = 16},
    {.batch = 3, .image = {8, 8}, .window = square(1, 2, 0), .in = 4, .out = 8},
    {.batch = 1, .image = {15, 15}, .window = square(7, 2, 3), .in = 3, .out = 8, .bias = true},
    {.batch = 2, .image = {4, 4}, .window = square(3, 1, 1), .in = 32, .out = 32},
    {.batch = 3, .image = {9, 7}, .window = square(3, 1, 1), .in = 64, .out = 72, .bias = true},
    {.batch = 4, .image = {13, 12}, .window = square(3, 2, 1), .in = 88, .out = 64},
    {.batch = 9, .image = {8, 9}, .window = square(3, 1, 1), .in = 72, .out = 128},
    {.batch = 4, .image = {1, 12}, .window = {{1, 3}, {1, 1}, {0, 1}}, .in = 20, .out = 10},
};

struct ConvolutionCase {
  explicit ConvolutionCase(const ConvolutionShape& s)
      : x(random_floats(s.batch * s.image.pixels() * s.in, 1)),
        weight(random_floats(s.out * s.in * s.window.kernel.pixels(), 2)),
        bias(random_floats(s.out, 3)),
        dy(random_floats(s.out_rows() * s.out, 4)) {}
  Floats x, weight, bias, dy;
};

}  // namespace pipetrain
