#include "ops/pooling.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

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

// body(first row of this image in the input, in the output, thread), spread over the threads.
template <class Body>
void for_each_image(const PoolShape& s, const ConstMatrix& input, const Body& body) {
  const std::int64_t in = s.image.pixels(), out = s.window.over(s.image).pixels();
  parallel_ranges(input.rows() / in, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
    for (std::int64_t image = begin; image < end; ++image) body(image * in, image * out, thread);
  });
}

// The entries of one image.
std::int64_t in_entries(const PoolShape& s, const ConstMatrix& x) {
  return s.image.pixels() * x.columns();
}
std::int64_t out_entries(const PoolShape& s, const ConstMatrix& y) {
  return s.window.over(s.image).pixels() * y.columns();
}

// Sums of `entries` entries that each thread makes and then writes to an image: in its own memory,
// if that is float32.
template <class T>
class ImageSums {
 public:
  ImageSums(Ops& ops, std::int64_t entries) : simd_(ops.simd().on<T>()), entries_(entries) {
    if constexpr (kRounds) sums_ = Tensor(ops.pool(), {ops.threads(), entries});
  }
  // Zeros to begin with.
  float* begin(T* image, int thread) {
    float* sums;
    if constexpr (kRounds) {
      sums = sums_.f32() + thread * entries_;
    } else {
      sums = image;
    }
    std::fill_n(sums, entries_, 0.0f);
    return sums;
  }
  void end(const float* sums, T* image) const {
    if constexpr (kRounds) simd_.round(sums, image, entries_);
  }

 private:
  static constexpr bool kRounds = !std::is_same_v<T, float>;

  const ActivationKernels<T>& simd_;
  std::int64_t entries_;
  Tensor sums_;
};

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
  with_entries(x.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    constexpr float kLowest = -std::numeric_limits<float>::infinity();
    T lowest;
    simd.round(&kLowest, &lowest, 1);
    for_each_image(s, x, [&](std::int64_t in, std::int64_t out, int) {
      std::fill_n(y.row<T>(out), out_entries(s, y), lowest);
      for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
        simd.keep_larger(y.row<T>(out + to), which + (out + to) * y.columns(), x.row<T>(in + from),
                         static_cast<std::uint8_t>(number), y.columns());
      });
    });
  });
}

void max_pool_backward(Ops& ops, const PoolShape& s, ConstMatrix dy, const std::uint8_t* which,
                       Matrix dx) {
  const WorkScope scope(ops, [&] { return max_pool_work(dx, dy); });
  with_entries(dx.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    ImageSums<T> images(ops, in_entries(s, dx));
    for_each_image(s, dx, [&](std::int64_t in, std::int64_t out, int thread) {
      float* sums = images.begin(dx.row<T>(in), thread);
      for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t number) {
        simd.add_where(sums + from * dx.columns(), dy.row<T>(out + to),
                       which + (out + to) * dy.columns(), static_cast<std::uint8_t>(number),
                       dy.columns());
      });
      images.end(sums, dx.row<T>(in));
    });
  });
}

void average_pool_forward(Ops& ops, const PoolShape& s, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("average pool", 1, {x, y}); });
  with_entries(x.dtype(), [&]<class T>() {
    const std::int64_t entries = out_entries(s, y);
    ImageSums<T> images(ops, entries);
    for_each_image(s, x, [&](std::int64_t in, std::int64_t out, int thread) {
      float* sums = images.begin(y.row<T>(out), thread);
      for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
        ops.simd().on<T>().add_to_sums(sums + to * y.columns(), x.row<T>(in + from), y.columns());
      });
      ops.simd().scale(sums, entries, inverse_pixels(s));
      images.end(sums, y.row<T>(out));
    });
  });
}

void average_pool_backward(Ops& ops, const PoolShape& s, ConstMatrix dy, Matrix dx) {
  const WorkScope scope(ops, [&] { return vector_work("average pool", 1, {dx, dy}); });
  with_entries(dx.dtype(), [&]<class T>() {
    const std::int64_t entries = in_entries(s, dx);
    ImageSums<T> images(ops, entries);
    for_each_image(s, dx, [&](std::int64_t in, std::int64_t out, int thread) {
      float* sums = images.begin(dx.row<T>(in), thread);
      for_each_pixel(s, [&](std::int64_t from, std::int64_t to, std::int64_t) {
        ops.simd().on<T>().add_to_sums(sums + from * dx.columns(), dy.row<T>(out + to),
                                       dy.columns());
      });
      ops.simd().scale(sums, entries, inverse_pixels(s));
      images.end(sums, dx.row<T>(in));
    });
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
