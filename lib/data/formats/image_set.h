// Labelled images of bytes as they lie in their files: idx or CIFAR's binary batches. It must not
// know normalisation, distortion or which of them train.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/contents.h"
#include "data/data_files.h"

namespace pipetrain {

// Where the bytes of an image are, from the start of its record.
struct ImageLayout {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t pixel_stride = 0, channel_stride = 0;  // (H, W, C) or (C, H, W) in the file

  friend bool operator==(const ImageLayout&, const ImageLayout&) = default;
  std::string text() const;  // "28 x 28 x 1"
};

// Images of one file, one after the other, and their labels.
struct ImagePart {
  std::int64_t count = 0;
  std::size_t file = 0;    // of ImageSet::files
  std::size_t offset = 0;  // of the first image in it
  std::size_t stride = 0;  // bytes from one to the next
  std::vector<std::uint8_t> labels = {};
  std::string label_file = {};
  std::size_t label_offset = 0, label_stride = 1;  // where they are in their file
};

struct ImageSet {
  std::string kind;  // "idx", "CIFAR-10": for the log
  ImageLayout layout;
  int classes = 0;
  std::vector<ImagePart> parts;
  std::vector<Contents> files;
  std::int64_t of_path = 0;  // samples of data.path, the first ones; others are of data.validation

  std::int64_t size() const;
  std::string name() const;  // of the first file with labels
  std::size_t image_bytes() const {
    return static_cast<std::size_t>(layout.height * layout.width * layout.channels);
  }
  std::int32_t label(std::int64_t sample) const;
  void read_image(std::int64_t sample, std::span<std::byte> bytes) const;

 private:
  // The part that has the sample, which becomes its number in it.
  const ImagePart& part_of(std::int64_t& sample) const;
};

// Error(kData) names file and position of the first label that is not below `classes`.
void check_labels(const ImageSet& set);
int largest_label(const ImageSet& set);

}  // namespace pipetrain
