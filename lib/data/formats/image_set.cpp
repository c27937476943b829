#include "data/formats/image_set.h"

#include <algorithm>
#include <span>
#include <string>

#include "base/error.h"

namespace pipetrain {
std::string ImageLayout::text() const {
  return std::to_string(height) + " x " + std::to_string(width) + " x " + std::to_string(channels);
}

std::int64_t ImageSet::size() const {
  std::int64_t size = 0;
  for (const ImagePart& part : parts) size += part.count;
  return size;
}

std::string ImageSet::name() const { return parts.front().label_file; }

const ImagePart& ImageSet::part_of(std::int64_t& sample) const {
  auto part = parts.begin();
  while (sample >= part->count) sample -= part++->count;
  return *part;
}

std::int32_t ImageSet::label(std::int64_t sample) const {
  const ImagePart& part = part_of(sample);
  return part.labels[static_cast<std::size_t>(sample)];
}

void ImageSet::read_image(std::int64_t sample, std::span<std::byte> bytes) const {
  const ImagePart& part = part_of(sample);
  files[part.file].read(part.offset + static_cast<std::size_t>(sample) * part.stride, bytes);
}

void check_labels(const ImageSet& set) {
  for (const ImagePart& part : set.parts) {
    for (std::size_t i = 0; i < part.labels.size(); ++i) {
      if (part.labels[i] < set.classes) continue;
      throw Error(ExitCode::kData, "data: " + part.label_file + ": label " + std::to_string(i) +
                                       " (byte " +
                                       std::to_string(part.label_offset + i * part.label_stride) +
                                       ") is " + std::to_string(part.labels[i]) +
                                       ", expected 0 to " + std::to_string(set.classes - 1));
    }
  }
}

int largest_label(const ImageSet& set) {
  int largest = 0;
  for (const ImagePart& part : set.parts) {
    for (const int label : part.labels) largest = std::max(largest, label);
  }
  return largest;
}

}  // namespace pipetrain
