#include "ops/convolution.h"

#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "convolution_case.h"
#include "reference.h"

using namespace pipetrain;

namespace {

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

}  // namespace

TEST_CASE("A convolution and its gradients are those of plain loops") {
  MemoryPool pool;
  Ops ops(pool);
  for (const ConvolutionShape& s : kConvolutions) {
    const ConvolutionCase c(s);
    Floats y(c.dy.size()), dx(c.x.size()), dweight = c.weight, dbias = c.bias;
    Doubles expected(y.size()), expected_dx(dx.size()), expected_dw = widened(c.weight),
                                                        expected_db = widened(c.bias);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t channel = i % static_cast<std::size_t>(s.out);
      if (s.bias) expected[i] = static_cast<double>(c.bias[channel]);
      expected_db[channel] += static_cast<double>(c.dy[i]);
    }
    for_each_product(s, [&](std::int64_t at_x, std::int64_t at_w, std::int64_t at_y) {
      const auto ix = static_cast<std::size_t>(at_x), iw = static_cast<std::size_t>(at_w),
                 iy = static_cast<std::size_t>(at_y);
      expected[iy] += static_cast<double>(c.x[ix]) * static_cast<double>(c.weight[iw]);
      expected_dx[ix] += static_cast<double>(c.dy[iy]) * static_cast<double>(c.weight[iw]);
      expected_dw[iw] += static_cast<double>(c.dy[iy]) * static_cast<double>(c.x[ix]);
    });
    convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(),
                        s.bias ? c.bias.data() : nullptr, matrix(y, s.out));
    convolution_backward_input(ops, s, matrix(c.dy, s.out), c.weight.data(), matrix(dx, s.in));
    convolution_backward_weight(ops, s, matrix(c.dy, s.out), matrix(c.x, s.in), dweight.data(),
                                dbias.data(),
                                /*accumulate=*/true);
    CHECK(distance(y, expected) < 1e-5);
    CHECK(distance(dx, expected_dx) < 1e-5);
    CHECK(distance(dweight, expected_dw) < 1e-5);
    CHECK(distance(dbias, expected_db) < 1e-5);

    Floats sum(dweight.size()), alone(dweight.size());
    convolution_backward_weight(ops, s, matrix(c.dy, s.out), matrix(c.x, s.in), alone.data(),
                                nullptr, false);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = c.weight[i] + alone[i];
    CHECK(same_bits(sum, dweight));
  }
}
