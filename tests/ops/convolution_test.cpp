#include "ops/convolution.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "catch.h"
#include "convolution_case.h"
#include "halves.h"
#include "ops/bfloat16_products.h"
#include "reference.h"

using namespace pipetrain;

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

namespace {

struct Made {
  Halves y, dx;
  Floats dweight, dbias;
};

Made convolved(Ops& ops, ConvolutionShape s, const ConvolutionCase& c) {
  s.dtype = DType::kBFloat16;
  const Halves x = rounded(c.x), dy = rounded(c.dy);
  Made made{dy, x, c.weight, c.bias};
  convolution_forward(ops, s, matrix(x, s.in), c.weight.data(), s.bias ? c.bias.data() : nullptr,
                      matrix(made.y, s.out));
  convolution_backward_input(ops, s, matrix(dy, s.out), c.weight.data(), matrix(made.dx, s.in));
  convolution_backward_weight(ops, s, matrix(dy, s.out), matrix(x, s.in), made.dweight.data(),
                              made.dbias.data(), /*accumulate=*/true);
  return made;
}

// The same of float32 entries that have been rounded before.
Made wide_convolved(Ops& ops, const ConvolutionShape& s, const ConvolutionCase& c) {
  const Floats x = floats(rounded(c.x)), dy = floats(rounded(c.dy));
  const Floats weight = floats(rounded(c.weight));
  Floats y = dy, dx = x;
  Made made{{}, {}, c.weight, c.bias};
  convolution_forward(ops, s, matrix(x, s.in), weight.data(), s.bias ? c.bias.data() : nullptr,
                      matrix(y, s.out));
  convolution_backward_input(ops, s, matrix(dy, s.out), weight.data(), matrix(dx, s.in));
  convolution_backward_weight(ops, s, matrix(dy, s.out), matrix(x, s.in), made.dweight.data(),
                              made.dbias.data(), /*accumulate=*/true);
  made.y = rounded(y);
  made.dx = rounded(dx);
  return made;
}

}  // namespace

TEST_CASE("Of bfloat16, convolutions are those of rounded operands, summed in float32") {
  MemoryPool pool;
  Ops ops(pool);
  setenv(kEmulateBFloat16, "1", 1);
  Ops of_copies(pool);
  unsetenv(kEmulateBFloat16);
  for (const ConvolutionShape& s : kConvolutions) {
    CAPTURE(s.image.height, s.in, s.out);
    const ConvolutionCase c(s);
    const Made expected = wide_convolved(ops, s, c);
    const Made copies = convolved(of_copies, s, c);  // the same sums
    CHECK(same_bits(copies.y, expected.y));
    CHECK(same_bits(copies.dx, expected.dx));
    CHECK(same_bits(copies.dweight, expected.dweight));
    const Made found = convolved(ops, s, c);
    CHECK(distance(floats(found.y), wide(expected.y)) < kRounding);
    CHECK(distance(floats(found.dx), wide(expected.dx)) < kRounding);
    CHECK(distance(found.dweight, widened(expected.dweight)) < 1e-5);
    CHECK(distance(found.dbias, widened(expected.dbias)) < 1e-5);
  }
}

TEST_CASE("Rounded weights and float32 ones of one address are two copies") {
  MemoryPool pool;
  setenv(kEmulateBFloat16, "1", 1);
  Ops ops(pool);
  unsetenv(kEmulateBFloat16);
  const ConvolutionShape& s = kConvolutions[1];
  const ConvolutionCase c(s);
  Floats before(c.dy.size()), after(c.dy.size());
  convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(), nullptr, matrix(before, s.out));
  convolved(ops, s, c);
  convolution_forward(ops, s, matrix(c.x, s.in), c.weight.data(), nullptr, matrix(after, s.out));
  CHECK(same_bits(before, after));
}
