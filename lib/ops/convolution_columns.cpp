#include "ops/convolution_columns.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/dnnl_compat.h"
#include "ops/operand_copies.h"
#include "ops/parallel.h"

namespace pipetrain {
namespace {

// Columns that exist at a time: so many of so many pixels, per thread.
constexpr std::int64_t kBlockRows = 512, kBlockColumns = 640;
constexpr std::int64_t kLine = 16;  // floats: columns are cut between lines of the cache

std::int64_t columns_of(const ConvolutionShape& s) { return s.window.kernel.pixels() * s.in; }
std::int64_t lines_of(const ConvolutionShape& s) { return (columns_of(s) + kLine - 1) / kLine; }

Tensor scratch_of(Ops& ops) { return {ops.pool(), {ops.threads(), kBlockRows * kBlockColumns}}; }

// visit(begin, end) for the columns of `lines` lines from `first` on, in equal blocks.
template <class Visit>
void for_each_block(const ConvolutionShape& s, std::int64_t first, std::int64_t lines,
                    const Visit& visit) {
  constexpr std::int64_t kBlockLines = kBlockColumns / kLine;
  const std::int64_t blocks = (lines + kBlockLines - 1) / kBlockLines;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t begin = first + lines * block / blocks;
    const std::int64_t end = first + lines * (block + 1) / blocks;
    visit(begin * kLine, std::min(end * kLine, columns_of(s)));
  }
}

// Columns [begin, end) of the output's pixels [pixel, pixel + count) are those entries of x that
// they read, one tap of the kernel after the other. visit(first entry of x, or -1 beside the image,
// first column, how many) for each pixel and tap in order; the columns count from 0 on.
template <class Visit>
void for_each_tap(const ConvolutionShape& s, std::int64_t pixel, std::int64_t count,
                  std::int64_t begin, std::int64_t end, const Visit& visit) {
  const auto& [kernel, stride, padding] = s.window;
  const Plane out = s.window.over(s.image);
  for (std::int64_t column = 0; count > 0; ++pixel, --count) {
    const std::int64_t image = pixel / out.pixels(), place = pixel % out.pixels();
    const std::int64_t top = place / out.width * stride.height - padding.height;
    const std::int64_t left = place % out.width * stride.width - padding.width;
    for (std::int64_t at = begin; at < end;) {
      const std::int64_t tap = at / s.in, next = std::min(end, (tap + 1) * s.in);
      const std::int64_t y = top + tap / kernel.width, x = left + tap % kernel.width;
      const bool inside = y >= 0 && y < s.image.height && x >= 0 && x < s.image.width;
      const std::int64_t from = (image * s.image.height + y) * s.image.width + x;
      visit(inside ? from * s.in + at % s.in : -1, column, next - at);
      column += next - at;
      at = next;
    }
  }
}

void copy_columns(const ConvolutionShape& s, const float* x, std::int64_t pixel, std::int64_t count,
                  std::int64_t begin, std::int64_t end, float* columns) {
  for_each_tap(s, pixel, count, begin, end,
               [&](std::int64_t from, std::int64_t column, std::int64_t channels) {
                 const auto bytes = static_cast<std::size_t>(channels) * sizeof(float);
                 if (from < 0) {
                   std::memset(columns + column, 0, bytes);
                 } else {
                   std::memcpy(columns + column, x + from, bytes);
                 }
               });
}

// C (m, n) [+]= A (m, k) B (k, n), or A stored (k, m); rows of B and C lie so far apart. Within a
// team of threads each calls it for itself.
void multiply(const MatmulShape& s, const float* a, const float* b, std::int64_t b_pitch, float* c,
              std::int64_t c_pitch) {
  const dnnl_status_t status =
      dnnl_sgemm(s.transpose_a ? 'T' : 'N', 'N', s.m, s.n, s.k, 1.0f, a, s.transpose_a ? s.m : s.k,
                 b, b_pitch, s.accumulate ? 1.0f : 0.0f, c, c_pitch);
  dnnl::error::wrap_c_api(status, "oneDNN cannot multiply");
}

constexpr std::int64_t kLeastChannels = 64, kLeastPixels = 128;

}  // namespace

// GFLOP/s of one core of a Zen 3 whose products peak at 95, kernels of 3x3, 64 images: oneDNN's
// convolution, and so:
//   in to out, image         F        I        W
//   64 to 64, 32x32          60, 72   75, -    56, 70
//   64 to 128, 32x32, by 2   58, 86   54, 80   53, 75
//   128 to 128, 16x16        60, 89   84, 85   67, 73
//   256 to 256, 8x8          73, 90   94, 88   57, 80
//   256 to 512, 8x8, by 2    61, 91   52, 80   50, 85
//   512 to 512, 4x4          68, 92   82, -    40, 84
bool faster_by_columns(const ConvolutionShape& s) {
  return for_avx2() && s.window.kernel.pixels() > 1 && std::min(s.in, s.out) >= kLeastChannels &&
         s.out_rows() >= kLeastPixels;
}

bool input_faster_by_columns(const ConvolutionShape& s) {
  return faster_by_columns(s) && s.window.stride.width > 1;
}

// Like other operands that products walk down the columns of (ops/operand_copies.h).
std::int64_t columns_weight_pitch(const ConvolutionShape& s) {
  return padded_pitch(columns_of(s), s.out);
}

// y (pixels, out) = columns (pixels, KH KW in) weight [+ bias]. Threads share the pixels; if those
// are few, also the channels of y.
void columns_forward(Ops& ops, const ConvolutionShape& s, const float* x, const float* weight,
                     const float* bias, float* y) {
  constexpr std::int64_t kLeastRows = 64, kLeastOutputs = 64;  // of y, for a thread
  const std::int64_t pitch = columns_weight_pitch(s), pixels = s.out_rows(),
                     threads = ops.threads();
  const std::int64_t down = std::clamp<std::int64_t>(pixels / kLeastRows, 1, threads);
  const std::int64_t across =
      std::clamp<std::int64_t>(threads / down, 1, s.out / kLeastOutputs + 1);
  Tensor scratch = scratch_of(ops);
  // Channels [first_output, last_output) of so many pixels from one on.
  const auto make_block = [&](std::int64_t pixel, std::int64_t rows, std::int64_t first_output,
                              std::int64_t last_output, float* columns) {
    const std::int64_t outputs = last_output - first_output;
    float* const results = y + pixel * s.out + first_output;
    for (std::int64_t i = 0; bias != nullptr && i < rows; ++i) {
      std::copy_n(bias + first_output, outputs, results + i * s.out);
    }
    for_each_block(s, 0, lines_of(s), [&](std::int64_t begin, std::int64_t end) {
      copy_columns(s, x, pixel, rows, begin, end, columns);
      multiply(
          {.m = rows, .n = outputs, .k = end - begin, .accumulate = bias != nullptr || begin > 0},
          columns, weight + begin * pitch + first_output, pitch, results, s.out);
    });
  };
  parallel_ranges(down * across, 1, [&](std::int64_t first, std::int64_t last, int thread) {
    float* const columns = scratch.f32() + thread * kBlockRows * kBlockColumns;
    for (std::int64_t part = first; part < last; ++part) {
      const std::int64_t row = part / across, column = part % across;
      const std::int64_t end = pixels * (row + 1) / down;
      for (std::int64_t pixel = pixels * row / down; pixel < end; pixel += kBlockRows) {
        make_block(pixel, std::min(kBlockRows, end - pixel), s.out * column / across,
                   s.out * (column + 1) / across, columns);
      }
    }
  });
}

// columns (pixels, KH KW in) = dy (pixels, out) weight, and dx adds up those of each of its
// entries. Threads share the images; if there are fewer of those, also the channels of each.
void columns_backward_input(Ops& ops, const ConvolutionShape& s, const float* dy,
                            const float* weight, float* dx) {
  const std::int64_t pixels = s.window.over(s.image).pixels(), lines = s.in / kLine;
  const std::int64_t wanted = (ops.threads() + s.batch - 1) / s.batch;
  const std::int64_t across = s.in % kLine == 0 ? std::min(wanted, lines) : 1;
  Tensor scratch = scratch_of(ops);
  // Of images [first, last), the columns of so many lines from one on.
  const auto add_columns = [&](std::int64_t first, std::int64_t last, std::int64_t line,
                               std::int64_t count, float* columns) {
    for (std::int64_t pixel = first * pixels; pixel < last * pixels; pixel += kBlockRows) {
      const std::int64_t rows = std::min(kBlockRows, last * pixels - pixel);
      for_each_block(s, line, count, [&](std::int64_t begin, std::int64_t end) {
        const MatmulShape product{.m = rows, .n = end - begin, .k = s.out};
        multiply(product, dy + pixel * s.out, weight + begin, columns_of(s), columns, product.n);
        for_each_tap(s, pixel, rows, begin, end,
                     [&](std::int64_t to, std::int64_t column, std::int64_t channels) {
                       if (to < 0) return;
                       ops.simd().on_float32.add(dx + to, columns + column, channels);
                     });
      });
    }
  };
  parallel_ranges(s.batch, 1, [&](std::int64_t first, std::int64_t last, int) {
    const std::int64_t entries = s.image.pixels() * s.in;
    std::fill(dx + first * entries, dx + last * entries, 0.0f);
  });
  parallel_ranges(s.batch * across, 1, [&](std::int64_t first, std::int64_t last, int thread) {
    float* const columns = scratch.f32() + thread * kBlockRows * kBlockColumns;
    if (across == 1) return add_columns(first, last, 0, lines_of(s), columns);
    for (std::int64_t item = first; item < last; ++item) {
      const std::int64_t image = item / across, part = item % across;
      const std::int64_t begin = lines * part / across, end = lines * (part + 1) / across;
      for (std::int64_t tap = 0; tap < s.window.kernel.pixels(); ++tap) {
        add_columns(image, image + 1, tap * lines + begin, end - begin, columns);
      }
    }
  });
}

// dweight (out, KH KW in) = dy^T (out, pixels) columns (pixels, KH KW in). Threads share the
// columns.
void columns_backward_weight(Ops& ops, const ConvolutionShape& s, const float* dy, const float* x,
                             float* dweight) {
  Tensor scratch = scratch_of(ops);
  parallel_ranges(lines_of(s), 1, [&](std::int64_t first, std::int64_t last, int thread) {
    float* const columns = scratch.f32() + thread * kBlockRows * kBlockColumns;
    for_each_block(s, first, last - first, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t pixel = 0; pixel < s.out_rows(); pixel += kBlockRows) {
        const std::int64_t rows = std::min(kBlockRows, s.out_rows() - pixel);
        copy_columns(s, x, pixel, rows, begin, end, columns);
        multiply(
            {.m = s.out, .n = end - begin, .k = rows, .transpose_a = true, .accumulate = pixel > 0},
            dy + pixel * s.out, columns, end - begin, dweight + begin, columns_of(s));
      }
    });
  });
}

}  // namespace pipetrain
