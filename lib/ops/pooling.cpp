#include "ops/pooling.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// body(number of an input pixel, of its output, of the pixel in the window) for all windows of one
// image, in order.
template <class Body>
void for_each_pixel(const PoolShape& s, const Body& body) {
  const auto& [kernel, stride, padding] = s.window;
  const Plane out = s.window.over(s.image);
  for (std::int64_t oy = 0; oy < out.height; ++oy) {
    for (std::int64_t ox = 0; ox < out.width; ++ox) {
      const std::int64_t to = oy * out.width + ox;
      const std::int64_t top = oy * stride.height - padding.height;
      const std::int64_t left = ox * stride.width - padding.width;
      for (std::int64_t ky = std::max<std::int64_t>(0, -top);
           ky < std::min(kernel.height, s.image.height - top); ++ky) {
        for (std::int64_t kx = std::max<std::int64_t>(0, -left);
             kx < std::min(kernel.width, s.image.width - left); ++kx) {
          body((top + ky) * s.image.width + left + kx, to, ky * kernel.width + kx);
        }
      }
    }
  }
}

// body(first row of this image in the input, in the output), spread over the threads.
template <class Body>
void for_each_image(const PoolShape& s, const ConstMatrix& input, const Body& body) {
  const std::int64_t in = s.image.pixels(), out = s.window.over(s.image).pixels();
  parallel_ranges(input.rows() / in, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t image = begin; image < end; ++image) body(image * in, image * out);
  });
}

// The floats of one image.
std::int64_t in_floats(const PoolShape& s, const ConstMatrix& x) {
  return s.image.pixels() * x.columns();
}
std::int64_t out_floats(const PoolShape& s, const ConstMatrix& y) {
  return s.window.over(s.image).pixels() * y.columns();
}
float inverse_pixels(const PoolShape& s) {
  return 1.0f / static_cast<float>(s.window.kernel.pixels());
}

// With a byte for each entry of the output: which pixel it is.
Work max_pool_work(const ConstMatrix& input, const ConstMatrix& output) {
  Work work = vector_work("max pool", 1, {input, output});
  work.bytes += static_cast<double>(output.entries());
  return work;
}

}  // namespace

void max_pool_forward(Ops& ops, const PoolShape& s, ConstMatrix x, Matrix y, std::uint8_t* which) {
  const WorkScope scope(ops, [&] { return max_pool_work(x, y); });
  for_each_image(s, x, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(y.row<float>(out), out_floats(s, y), -std::numeric_limits<float>::infinity());
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
      ops.simd().keep_larger(y.row<float>(out + to), which + (out + to) * y.columns(),
                             x.row<float>(in + from), static_cast<std::uint8_t>(number),
                             y.columns());
    });
  });
}

void max_pool_backward(Ops& ops, const PoolShape& s, ConstMatrix dy, const std::uint8_t* which,
                       Matrix dx) {
  const WorkScope scope(ops, [&] { return max_pool_work(dx, dy); });
  for_each_image(s, dx, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(dx.row<float>(in), in_floats(s, dx), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
      ops.simd().add_where(dx.row<float>(in + from), dy.row<float>(out + to),
                           which + (out + to) * dy.columns(), static_cast<std::uint8_t>(number),
                           dy.columns());
    });
  });
}

void average_pool_forward(Ops& ops, const PoolShape& s, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("average pool", 1, {x, y}); });
  for_each_image(s, x, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(y.row<float>(out), out_floats(s, y), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
      ops.simd().on_float32.add(y.row<float>(out + to), x.row<float>(in + from), y.columns());
    });
    ops.simd().scale(y.row<float>(out), out_floats(s, y), inverse_pixels(s));
  });
}

void average_pool_backward(Ops& ops, const PoolShape& s, ConstMatrix dy, Matrix dx) {
  const WorkScope scope(ops, [&] { return vector_work("average pool", 1, {dx, dy}); });
  for_each_image(s, dx, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(dx.row<float>(in), in_floats(s, dx), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
      ops.simd().on_float32.add(dx.row<float>(in + from), dy.row<float>(out + to), dy.columns());
    });
    ops.simd().scale(dx.row<float>(in), in_floats(s, dx), inverse_pixels(s));
  });
}

void mean_rows_forward(Ops& ops, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("mean of rows", 1, {x, y}); });
  const std::int64_t rows = x.rows() / y.rows(), channels = y.columns();
  Tensor means(ops.pool(), {y.rows(), channels});
  with_entries(y.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(y.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        float* mean = means.f32() + b * channels;
        std::fill_n(mean, channels, 0.0f);
        for (std::int64_t row = b * rows; row < (b + 1) * rows; ++row) {
          simd.add_to_sums(mean, x.row<T>(row), channels);
        }
        ops.simd().scale(mean, channels, 1.0f / static_cast<float>(rows));
        simd.round(mean, y.row<T>(b), channels);
      }
    });
  });
}

void mean_rows_backward(Ops& ops, ConstMatrix dy, Matrix dx) {
  const WorkScope scope(ops, [&] { return vector_work("mean of rows", 1, {dx, dy}); });
  const std::int64_t rows = dx.rows() / dy.rows(), channels = dy.columns();
  Tensor shares(ops.pool(), {dy.rows(), channels});
  with_entries(dy.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(dy.rows(), 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        float* share = shares.f32() + b * channels;
        simd.widen(dy.row<T>(b), share, channels);
        ops.simd().scale(share, channels, 1.0f / static_cast<float>(rows));
        for (std::int64_t row = b * rows; row < (b + 1) * rows; ++row) {
          simd.round(share, dx.row<T>(row), channels);
        }
      }
    });
  });
}

}  // namespace pipetrain
