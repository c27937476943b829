// The same sums as those of plain loops, whatever oneDNN would choose on this processor.
#include "ops/convolution_columns.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "convolution_case.h"
#include "reference.h"

using namespace pipetrain;

namespace {

// Where a weight of the plain layout (out, in, KH, KW) lies in the two others.
struct Places {
  std::size_t forward;   // (KH, KW, in, out), rows of columns_weight_pitch()
  std::size_t backward;  // (out, KH, KW, in)
};

Places places_of(const ConvolutionShape& s, std::int64_t weight) {
  const std::int64_t taps = s.window.kernel.pixels(), tap = weight % taps;
  const std::int64_t in = weight / taps % s.in, out = weight / taps / s.in;
  return {static_cast<std::size_t>((tap * s.in + in) * columns_weight_pitch(s) + out),
          static_cast<std::size_t>((out * taps + tap) * s.in + in)};
}

}  // namespace

TEST_CASE("Products of columns are convolutions and their gradients") {
  MemoryPool pool;
  Ops ops(pool);
  for (const ConvolutionShape& s : kConvolutions) {
    CAPTURE(s.image.height, s.image.width, s.in, s.out);
    const ConvolutionCase c(s);
    const std::int64_t rows = s.window.kernel.pixels() * s.in;
    Floats forward(static_cast<std::size_t>(rows * columns_weight_pitch(s)));
    Floats backward(c.weight.size());
    for (std::size_t at = 0; at < c.weight.size(); ++at) {
      const Places places = places_of(s, static_cast<std::int64_t>(at));
      forward[places.forward] = backward[places.backward] = c.weight[at];
    }
    Doubles y(c.dy.size()), dx(c.x.size()), dweight(c.weight.size());
    for (std::size_t i = 0; s.bias && i < y.size(); ++i) {
      y[i] = static_cast<double>(c.bias[i % static_cast<std::size_t>(s.out)]);
    }
    for_each_product(s, [&](std::int64_t at_x, std::int64_t at_w, std::int64_t at_y) {
      const auto ix = static_cast<std::size_t>(at_x), iy = static_cast<std::size_t>(at_y);
      const auto weight = static_cast<double>(c.weight[static_cast<std::size_t>(at_w)]);
      y[iy] += static_cast<double>(c.x[ix]) * weight;
      dx[ix] += static_cast<double>(c.dy[iy]) * weight;
      dweight[places_of(s, at_w).backward] +=
          static_cast<double>(c.dy[iy]) * static_cast<double>(c.x[ix]);
    });
    Floats made_y(y.size(), 7.0f), made_dx(dx.size(), 7.0f), made_dweight(dweight.size(), 7.0f);
    columns_forward(ops, s, c.x.data(), forward.data(), s.bias ? c.bias.data() : nullptr,
                    made_y.data());
    columns_backward_input(ops, s, c.dy.data(), backward.data(), made_dx.data());
    columns_backward_weight(ops, s, c.dy.data(), c.x.data(), made_dweight.data());
    CHECK(distance(made_y, y) < 1e-5);
    CHECK(distance(made_dx, dx) < 1e-5);
    CHECK(distance(made_dweight, dweight) < 1e-5);
  }
}

TEST_CASE("Threads that are more than the images, or than blocks of pixels, share channels") {
  MemoryPool pool;
  Ops ops(pool);
  const ConvolutionShape s{
      .batch = 2, .image = {13, 12}, .window = square(3, 2, 1), .in = 80, .out = 200, .bias = true};
  const ConvolutionCase c(s);
  const Floats weight = random_floats(9 * s.in * columns_weight_pitch(s), 5);
  const int threads = omp_get_max_threads();
  Floats alone_y(c.dy.size(), 7.0f), alone_dx(c.x.size(), 7.0f);
  const auto make = [&](int team, Floats& y, Floats& dx) {
    omp_set_num_threads(team);
    columns_forward(ops, s, c.x.data(), weight.data(), c.bias.data(), y.data());
    columns_backward_input(ops, s, c.dy.data(), c.weight.data(), dx.data());
  };
  make(1, alone_y, alone_dx);
  for (const int team : {2, 3, 5, 20}) {
    CAPTURE(team);
    Floats y(c.dy.size(), 7.0f), dx(c.x.size(), 7.0f);
    make(team, y, dx);
    CHECK(distance(y, widened(alone_y)) < 1e-6);
    CHECK(distance(dx, widened(alone_dx)) < 1e-6);
  }
  omp_set_num_threads(threads);
}
