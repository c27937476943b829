// Small idx files for tests: 20 images and their labels. It must not know what is looked at.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "data/data_config.h"

namespace pipetrain {

inline std::string idx_header(std::uint32_t magic, const std::vector<std::uint32_t>& extents) {
  std::string bytes;
  std::vector<std::uint32_t> words = {magic};
  words.insert(words.end(), extents.begin(), extents.end());
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  return bytes;
}

// 20 images of 2 x 3: image i has the bytes 10 i, 10 i + 1, ...; its label is i mod 4.
inline constexpr int kImageCount = 20;

inline std::string image_bytes() {
  std::string bytes;
  for (int i = 0; i < kImageCount; ++i) {
    for (int p = 0; p < 6; ++p) bytes += static_cast<char>(10 * i + p);
  }
  return bytes;
}

inline std::string label_bytes() {
  std::string bytes;
  for (int i = 0; i < kImageCount; ++i) bytes += static_cast<char>(i % 4);
  return bytes;
}

inline std::string idx_images() { return idx_header(0x803, {kImageCount, 2, 3}) + image_bytes(); }
inline std::string idx_labels() { return idx_header(0x801, {kImageCount}) + label_bytes(); }

// Bytes as they are: mean 0, deviation 1 / 255.
inline DataConfig raw_images(const std::string& format, const std::vector<std::string>& paths) {
  return {.format = format, .path = paths, .mean = {0}, .deviation = {1.0 / 255}};
}

inline std::vector<int> rounded(const std::vector<float>& pixels) {
  std::vector<int> numbers;
  for (const float x : pixels) numbers.push_back(static_cast<int>(std::lround(x)));
  return numbers;
}

}  // namespace pipetrain
