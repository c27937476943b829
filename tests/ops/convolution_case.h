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

// body(index in x, in weight, in y) over all products of a convolution.
template <class Body>
void for_each_product(const ConvolutionShape& s, const Body& body) {
  const auto& [kernel, stride, padding] = s.window;
  const Plane out = s.window.over(s.image);
  for (std::int64_t n = 0; n < s.batch; ++n)
    for (std::int64_t oy = 0; oy < out.height; ++oy)
      for (std::int64_t ox = 0; ox < out.width; ++ox)
        for (std::int64_t ky = 0; ky < kernel.height; ++ky)
          for (std::int64_t kx = 0; kx < kernel.width; ++kx) {
            const std::int64_t y = oy * stride.height + ky - padding.height;
            const std::int64_t x = ox * stride.width + kx - padding.width;
            if (y < 0 || y >= s.image.height || x < 0 || x >= s.image.width) continue;
            for (std::int64_t o = 0; o < s.out; ++o)
              for (std::int64_t i = 0; i < s.in; ++i)
                body(((n * s.image.height + y) * s.image.width + x) * s.in + i,
                     ((o * s.in + i) * kernel.height + ky) * kernel.width + kx,
                     ((n * out.height + oy) * out.width + ox) * s.out + o);
          }
}

}  // namespace pipetrain
