#include "ops/convolution.h"

#include <omp.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
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

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
}

const std::vector<ConvolutionShape> kShapes = {
    {.batch = 3, .image = {9, 7}, .window = square(3, 1, 1), .in = 3, .out = 16, .bias = true},
    {.batch = 2, .image = {8, 8}, .window = square(3, 2, 1), .in = 16, .out = 24},
    {.batch = 2, .image = {8, 8}, .window = square(1, 2, 0), .in = 8, .out = 16},
    {.batch = 1, .image = {15, 15}, .window = square(7, 2, 3), .in = 3, .out = 8, .bias = true},
    {.batch = 4, .image = {1, 12}, .window = {{1, 3}, {1, 1}, {0, 1}}, .in = 20, .out = 10},
};

struct Case {
  explicit Case(const ConvolutionShape& s)
      : x(random_floats(s.batch * s.image.pixels() * s.in, 1)),
        weight(random_floats(s.out * s.in * s.window.kernel.pixels(), 2)),
        bias(random_floats(s.out, 3)),
        dy(random_floats(s.out_rows() * s.out, 4)) {}
  Floats x, weight, bias, dy;
};

}  // namespace

TEST_CASE("A convolution and its gradients are those of plain loops") {
  MemoryPool pool;
  Ops ops(pool);
  for (const ConvolutionShape& s : kShapes) {
    const Case c(s);
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

TEST_CASE("Changed weights are packed again when they are said to have changed") {
  MemoryPool pool;
  Ops ops(pool);
  const ConvolutionShape& s = kShapes[1];
  Case c(s);
  Floats before(c.dy.size()), after(c.dy.size());
  convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(), nullptr, matrix(before, s.out));
  for (float& w : c.weight) w *= 2;
  ops.weights_changed();
  const std::size_t allocations = pool.system_allocations(), primitives = ops.primitives();
  convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(), nullptr, matrix(after, s.out));
  for (float& y : before) y *= 2;
  CHECK(same_bits(before, after));
  CHECK(pool.system_allocations() == allocations);
  CHECK(ops.primitives() == primitives);
}

TEST_CASE("Rates are measured of the convolutions that have run") {
  MemoryPool pool;
  Ops ops(pool);
  CHECK(measure_convolutions(ops, 0.001).best == 0);
  const ConvolutionShape& s = kShapes[0];
  Case c(s);
  Floats y(c.dy.size()), dw(c.weight.size()), db(c.bias.size());
  convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(), c.bias.data(), matrix(y, s.out));
  const std::size_t primitives = ops.primitives();
  const ConvolutionRates alone = measure_convolutions(ops, 0.001);
  CHECK(alone.best > 0);
  CHECK(std::abs(alone.all / alone.best - 1) < 1e-9);  // there is only one
  convolution_backward_weight(ops, s, matrix(c.dy, s.out), matrix(c.x, s.in), dw.data(), db.data(),
                              false);
  const ConvolutionRates both = measure_convolutions(ops, 0.001);
  CHECK(both.all <= both.best);
  CHECK(ops.primitives() == primitives + 1);
}
