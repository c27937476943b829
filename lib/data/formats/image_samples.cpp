#include "data/formats/image_samples.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/sample_source.h"

namespace pipetrain {
namespace {

constexpr int kLevels = 256;

// One number for all channels, or one for each.
std::vector<double> for_channels(const std::vector<double>& given, std::int64_t channels,
                                 const char* key) {
  const auto count = static_cast<std::size_t>(channels);
  if (given.size() == 1) return std::vector<double>(count, given[0]);
  if (given.empty() || given.size() == count) return given;
  throw Error(ExitCode::kData, "data: " + std::string(key) + " has " +
                                   std::to_string(given.size()) + " numbers, the images have " +
                                   std::to_string(channels) + " channels; give one or as many");
}

struct Moments {
  double mean, deviation;
};

// Of bytes / 255.
Moments moments_of(const std::array<std::int64_t, kLevels>& counts) {
  double number = 0, sum = 0, squares = 0;
  for (int level = 0; level < kLevels; ++level) {
    const auto count = static_cast<double>(counts[static_cast<std::size_t>(level)]);
    const double x = level / 255.0;
    number += count;
    sum += count * x;
    squares += count * x * x;
  }
  const double mean = sum / number;
  const double deviation = std::sqrt(std::max(0.0, squares / number - mean * mean));
  return {mean, deviation > 0 ? deviation : 1};
}

}  // namespace

ImageSamples::ImageSamples(ImageSet set, const DataConfig& config, const SampleSplit& split)
    : set_(std::move(set)),
      pad_(config.pad),
      crop_(config.crop),
      flip_(config.flip),
      mean_(for_channels(config.mean, set_.layout.channels, "data.mean")),
      deviation_(for_channels(config.deviation, set_.layout.channels, "data.std")) {
  if (mean_.empty() || deviation_.empty()) measure(split);
  fill_table();
}

void ImageSamples::measure(const SampleSplit& split) {
  const ImageLayout& layout = set_.layout;
  std::vector<std::array<std::int64_t, kLevels>> counts(static_cast<std::size_t>(layout.channels));
  std::vector<std::byte> image(set_.image_bytes());
  for (std::int64_t i = 0; i < split.training(); ++i) {
    set_.read_image(split.at(i), image);
    for (std::int64_t pixel = 0; pixel < layout.height * layout.width; ++pixel) {
      for (std::int64_t c = 0; c < layout.channels; ++c) {
        const std::byte value = image[static_cast<std::size_t>(pixel * layout.pixel_stride +
                                                               c * layout.channel_stride)];
        ++counts[static_cast<std::size_t>(c)][std::to_integer<std::size_t>(value)];
      }
    }
  }
  const bool own_mean = mean_.empty(), own_deviation = deviation_.empty();
  for (const auto& channel : counts) {
    const Moments moments = moments_of(channel);
    if (own_mean) mean_.push_back(moments.mean);
    if (own_deviation) deviation_.push_back(moments.deviation);
  }
}

void ImageSamples::fill_table() {
  for (std::size_t c = 0; c < mean_.size(); ++c) {
    for (int level = 0; level < kLevels; ++level) {
      table_.push_back(static_cast<float>((level / 255.0 - mean_[c]) / deviation_[c]));
    }
  }
}

Shape ImageSamples::row() const {
  const ImageLayout& layout = set_.layout;
  return {layout.height + 2 * pad_, layout.width + 2 * pad_, layout.channels};
}

std::string ImageSamples::description() const {
  return set_.kind + " images of " + set_.name() + ": " + set_.layout.text() +
         (pad_ > 0 ? " padded to " + row().text() : "");
}

nlohmann::json ImageSamples::tokenizer() const {
  return {{"type", "image"}, {"mean", mean_}, {"std", deviation_}, {"pad", pad_}};
}

std::int32_t ImageSamples::read(std::int64_t sample, const RandomWords* variation,
                                void* row_data) const {
  std::vector<std::byte> image(set_.image_bytes());
  set_.read_image(sample, image);

  const auto moved = [&](std::size_t word) {
    const auto places = static_cast<std::uint64_t>(2 * crop_ + 1);
    return static_cast<std::int64_t>((*variation)[word] * places >> 32) - crop_;
  };
  const std::int64_t down = (variation != nullptr ? moved(0) : 0) - pad_;
  const std::int64_t right = (variation != nullptr ? moved(1) : 0) - pad_;
  const bool mirrored = flip_ && variation != nullptr && (*variation)[2] % 2 == 1;

  const ImageLayout& layout = set_.layout;
  const std::int64_t height = row()[0], width = row()[1];
  auto* out = static_cast<float*>(row_data);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t from_y = y + down, from_x = (mirrored ? width - 1 - x : x) + right;
      const bool black =
          from_y < 0 || from_y >= layout.height || from_x < 0 || from_x >= layout.width;
      const std::byte* const pixel =
          image.data() + (black ? 0 : (from_y * layout.width + from_x) * layout.pixel_stride);
      for (std::int64_t c = 0; c < layout.channels; ++c) {
        const int level = black ? 0 : std::to_integer<int>(pixel[c * layout.channel_stride]);
        *out++ = table_[static_cast<std::size_t>(c * kLevels + level)];
      }
    }
  }
  return set_.label(sample);
}

std::unique_ptr<Source> image_source(ImageSet set, const DataRequest& request) {
  const DataConfig& config = request.config;
  const SampleSplit split =
      split_samples(config, set.size(), set.of_path, request.seed, set.name());
  warn_of_missing_classes(
      split, set.classes, [&](std::int64_t i) { return set.label(i); }, 0, config.random(),
      set.name(), request.warnings);
  return std::make_unique<SampleSource>(
      std::make_unique<ImageSamples>(std::move(set), config, split), split, request.seed);
}

}  // namespace pipetrain
