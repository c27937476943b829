// What is kept for convolutions: primitives, packed weights, and how fast they are.
#include <cmath>
#include <cstddef>

#include "catch.h"
#include "convolution_case.h"
#include "reference.h"

using namespace pipetrain;

TEST_CASE("Changed weights are packed again when they are said to have changed") {
  MemoryPool pool;
  Ops ops(pool);
  const ConvolutionShape& s = kConvolutions[1];
  ConvolutionCase c(s);
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
  const ConvolutionShape& s = kConvolutions[0];
  ConvolutionCase c(s);
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
