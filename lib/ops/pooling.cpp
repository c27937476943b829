#include "ops/pooling.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

// body(offset of an input pixel, offset of its output, number of the pixel in the window) for all
// windows of one image, in order; offsets count floats.
template <class Body>
void for_each_pixel(const PoolShape& s, const Body& body) {
  const auto& [kernel, stride, padding] = s.window;
  const Plane out = s.window.over(s.image);
  for (std::int64_t oy = 0; oy < out.height; ++oy) {
    for (std::int64_t ox = 0; ox < out.width; ++ox) {
      const std::int64_t to = (oy * out.width + ox) * s.channels;
      const std::int64_t top = oy * stride.height - padding.height;
      const std::int64_t left = ox * stride.width - padding.width;
      for (std::int64_t ky = std::max<std::int64_t>(0, -top);
           ky < std::min(kernel.height, s.image.height - top); ++ky) {
        for (std::int64_t kx = std::max<std::int64_t>(0, -left);
             kx < std::min(kernel.width, s.image.width - left); ++kx) {
          body(((top + ky) * s.image.width + left + kx) * s.channels, to, ky * kernel.width + kx);
        }
      }
    }
  }
}

// body(floats before this image in the input, in the output), spread over the threads.
template <class Body>
void for_each_image(const PoolShape& s, const Body& body) {
  const std::int64_t in = s.image.pixels() * s.channels;
  const std::int64_t out = s.window.over(s.image).pixels() * s.channels;
  parallel_ranges(s.batch, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t image = begin; image < end; ++image) body(image * in, image * out);
  });
}

std::int64_t in_floats(const PoolShape& s) { return s.image.pixels() * s.channels; }
std::int64_t out_floats(const PoolShape& s) { return s.window.over(s.image).pixels() * s.channels; }
float inverse_pixels(const PoolShape& s) {
  return 1.0f / static_cast<float>(s.window.kernel.pixels());
}

}  // namespace

void max_pool_forward(Ops& ops, const PoolShape& s, const float* x, float* y, std::uint8_t* which) {
  for_each_image(s, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(y + out, out_floats(s), -std::numeric_limits<float>::infinity());
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
      ops.simd().keep_larger(y + out + to, which + out + to, x + in + from,
                             static_cast<std::uint8_t>(number), s.channels);
    });
  });
}

void max_pool_backward(Ops& ops, const PoolShape& s, const float* dy, const std::uint8_t* which,
                       float* dx) {
  for_each_image(s, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(dx + in, in_floats(s), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
      ops.simd().add_where(dx + in + from, dy + out + to, which + out + to,
                           static_cast<std::uint8_t>(number), s.channels);
    });
  });
}

void average_pool_forward(Ops& ops, const PoolShape& s, const float* x, float* y) {
  for_each_image(s, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(y + out, out_floats(s), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
      ops.simd().on_float32.add(y + out + to, x + in + from, s.channels);
    });
    ops.simd().scale(y + out, out_floats(s), inverse_pixels(s));
  });
}

void average_pool_backward(Ops& ops, const PoolShape& s, const float* dy, float* dx) {
  for_each_image(s, [&](std::int64_t in, std::int64_t out) {
    std::fill_n(dx + in, in_floats(s), 0.0f);
    for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
      ops.simd().on_float32.add(dx + in + from, dy + out + to, s.channels);
    });
    ops.simd().scale(dx + in, in_floats(s), inverse_pixels(s));
  });
}

void mean_rows_forward(Ops& ops, std::int64_t batch, std::int64_t rows, std::int64_t channels,
                       ConstActivationPtr x, ActivationPtr y) {
  Tensor means(ops.pool(), {batch, channels});
  with_entries(y.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(batch, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        float* mean = means.f32() + b * channels;
        std::fill_n(mean, channels, 0.0f);
        for (std::int64_t row = 0; row < rows; ++row) {
          simd.add_to_sums(mean, x.as<T>() + (b * rows + row) * channels, channels);
        }
        ops.simd().scale(mean, channels, 1.0f / static_cast<float>(rows));
        simd.round(mean, y.as<T>() + b * channels, channels);
      }
    });
  });
}

void mean_rows_backward(Ops& ops, std::int64_t batch, std::int64_t rows, std::int64_t channels,
                        ConstActivationPtr dy, ActivationPtr dx) {
  Tensor shares(ops.pool(), {batch, channels});
  with_entries(dy.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(batch, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t b = begin; b < end; ++b) {
        float* share = shares.f32() + b * channels;
        simd.widen(dy.as<T>() + b * channels, share, channels);
        ops.simd().scale(share, channels, 1.0f / static_cast<float>(rows));
        for (std::int64_t row = 0; row < rows; ++row) {
          simd.round(share, dx.as<T>() + (b * rows + row) * channels, channels);
        }
      }
    });
  });
}

}  // namespace pipetrain
