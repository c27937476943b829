#include "data/formats/synthetic_samples.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace pipetrain {
namespace {

// All that is random in a sample: its label and a key for the rest.
struct Draw {
  std::int32_t label;
  std::uint64_t key;
  std::uint32_t word;
};

Draw draw(std::uint64_t key, std::int64_t sample, int classes) {
  const RandomWords words = philox(key, static_cast<std::uint64_t>(sample));
  const auto label = static_cast<std::int32_t>(
      std::uint64_t{words[0]} * static_cast<std::uint64_t>(classes) >> 32);
  return {label, std::uint64_t{words[1]} << 32 | words[2], words[3]};
}

}  // namespace

SyntheticTexts::SyntheticTexts(std::int64_t samples, const DataRequest& request)
    : samples_(samples),
      tokens_(request.sequence_length),
      vocabulary_(request.vocabulary),
      classes_(request.config.classes),
      key_(random_key(request.seed, "data")) {
  if (vocabulary_ >= classes_) return;
  throw Error(ExitCode::kData, "data: synthetic tokens: model.vocabulary is " +
                                   std::to_string(vocabulary_) + ", expected at least the " +
                                   std::to_string(classes_) + " of data.classes");
}

std::string SyntheticTexts::description() const {
  return "synthetic texts of " + std::to_string(tokens_) + " tokens: vocabulary " +
         std::to_string(vocabulary_);
}

std::int32_t SyntheticTexts::read(std::int64_t sample, const RandomWords*, void* row) const {
  const Draw drawn = draw(key_, sample, classes_);
  auto* const out = static_cast<std::int32_t*>(row);
  const auto shift = static_cast<std::int64_t>(drawn.word % static_cast<std::uint64_t>(tokens_));
  const int rounds = (vocabulary_ - drawn.label - 1) / classes_ + 1;  // tokens of this remainder
  for (std::int64_t t = 0; t < tokens_; ++t) {
    const bool own = (t + shift) % tokens_ <= tokens_ / 2;
    const auto any = static_cast<std::int32_t>(
        integer_at(drawn.key, static_cast<std::uint64_t>(t), 0,
                   static_cast<std::uint64_t>(own ? rounds : vocabulary_)));
    out[t] = own ? drawn.label + classes_ * any : any;
  }
  return drawn.label;
}

SyntheticImages::SyntheticImages(std::int64_t samples, Shape row, int classes, std::uint64_t seed)
    : samples_(samples), row_(row), classes_(classes), key_(random_key(seed, "data")) {}

std::string SyntheticImages::description() const { return "synthetic images of " + row_.text(); }

std::int32_t SyntheticImages::read(std::int64_t sample, const RandomWords*, void* row) const {
  const Draw drawn = draw(key_, sample, classes_);
  auto* out = static_cast<float*>(row);
  constexpr double kPi = 3.14159265358979323846;
  const std::int64_t height = row_[0], width = row_[1], channels = row_[2];
  const double period = 2 * std::max(3.0, static_cast<double>(std::min(height, width)) / 8);
  const double direction = kPi * drawn.label / classes_;
  const double along_y = 2 * kPi * std::sin(direction) / period;
  const double along_x = 2 * kPi * std::cos(direction) / period;
  const double place = 2 * kPi * uniform_from(drawn.word);
  std::uint64_t index = 0;
  RandomWords words{};
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const auto stripe = static_cast<float>(
          std::cos(along_y * static_cast<double>(y) + along_x * static_cast<double>(x) + place));
      for (std::int64_t c = 0; c < channels; ++c, ++index) {
        if (index % 4 == 0) words = philox(drawn.key, index / 4);
        *out++ = stripe + 2 * uniform_from(words[index % 4]) - 1;
      }
    }
  }
  return drawn.label;
}

}  // namespace pipetrain
