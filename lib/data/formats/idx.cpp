// idx files: two zero bytes, the type of the elements, the number of dimensions; the extents as
// big-endian 32-bit integers; the elements.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/data_file.h"
#include "data/formats/formats.h"
#include "data/formats/image_samples.h"

namespace pipetrain {
namespace {

constexpr std::uint32_t kLabels = 0x0801, kImages = 0x0803, kImagesWithChannels = 0x0804;
constexpr std::size_t kMostHeaderBytes = 4 + 4 * 4;
constexpr std::int64_t kMostChannels = 1024;  // each takes a table of what its levels mean

std::uint32_t big_endian_at(const std::vector<std::byte>& bytes, std::size_t index) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    word = word << 8 | std::to_integer<std::uint32_t>(bytes[4 * index + i]);
  }
  return word;
}

struct IdxHeader {
  bool labels = false;
  std::vector<std::int64_t> extents;  // (N), (N, H, W) or (N, H, W, C)
  std::size_t bytes() const { return 4 + 4 * extents.size(); }
};

IdxHeader read_header(const DataFile& file) {
  const std::vector<std::byte> start = Contents::start_of(file, kMostHeaderBytes);
  const std::uint32_t magic = start.size() >= 4 ? big_endian_at(start, 0) : 0;
  if (start.size() >= 4 && magic != kLabels && magic != kImages && magic != kImagesWithChannels) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%08x", magic);
    fail_data(file, "magic " + std::string(text) +
                        " at byte 0, expected 0x00000803 or 0x00000804 (idx images of bytes) or "
                        "0x00000801 (idx labels)");
  }
  IdxHeader header{magic == kLabels, std::vector<std::int64_t>(magic & 0xFF)};
  if (start.size() < 4 || start.size() < header.bytes()) fail_data(file, "ends inside its header");
  for (std::size_t i = 0; i < header.extents.size(); ++i) {
    header.extents[i] = big_endian_at(start, i + 1);
    if (header.extents[i] == 0) {
      fail_data(file, "dimension " + std::to_string(i) + " in its header (byte " +
                          std::to_string(4 * i + 4) + ") is 0, expected at least 1");
    }
  }
  return header;
}

// Nothing if the product does not fit, as no file is that large.
std::optional<std::size_t> promised_bytes(const IdxHeader& header) {
  std::size_t product = 1;
  for (const std::int64_t extent : header.extents) {
    if (__builtin_mul_overflow(product, static_cast<std::size_t>(extent), &product)) return {};
  }
  if (__builtin_add_overflow(product, header.bytes(), &product)) return {};
  return product;
}

Contents read_elements(DataFile file, const IdxHeader& header) {
  const std::optional<std::size_t> size = promised_bytes(header);
  if (!size) fail_data(file, "its header promises more than any file holds");
  return {std::move(file), *size};
}

ImageLayout layout_of(const std::string& path, const IdxHeader& images) {
  const std::int64_t channels = images.extents.size() == 4 ? images.extents[3] : 1;
  if (channels > kMostChannels) {
    fail_data(path + ": has images of " + std::to_string(channels) +
              " channels, expected at most " + std::to_string(kMostChannels));
  }
  return {.height = images.extents[1],
          .width = images.extents[2],
          .channels = channels,
          .pixel_stride = channels,
          .channel_stride = 1};
}

void add_images(ImageSet& set, Contents contents, const IdxHeader& header) {
  const ImageLayout layout = layout_of(contents.path(), header);
  if (set.parts.empty()) set.layout = layout;
  if (!(layout == set.layout)) {
    fail_data(contents.path() + ": has images of " + layout.text() + ", the first file of " +
              set.layout.text());
  }
  set.parts.push_back({.count = header.extents[0],
                       .file = set.files.size(),
                       .offset = header.bytes(),
                       .stride = set.image_bytes()});
  set.files.push_back(std::move(contents));
}

void add_labels(ImagePart& part, const std::string& image_file, const Contents& contents,
                const IdxHeader& header) {
  if (header.extents[0] != part.count) {
    fail_data(contents.path() + ": has " + std::to_string(header.extents[0]) + " labels for the " +
              std::to_string(part.count) + " images of " + image_file);
  }
  part.labels.resize(static_cast<std::size_t>(part.count));
  contents.read(header.bytes(), std::as_writable_bytes(std::span(part.labels)));
  part.label_file = contents.path();
  part.label_offset = header.bytes();
}

// The labels go behind those of other files.
void add_pairs(ImageSet& set, std::span<DataFile> files, const std::string& name,
               std::vector<Contents>& labels) {
  const std::size_t first_part = set.parts.size(), first_label = labels.size();
  std::vector<IdxHeader> label_headers;
  for (DataFile& file : files) {
    const IdxHeader header = read_header(file);
    Contents contents = read_elements(std::move(file), header);
    if (header.labels) {
      labels.push_back(std::move(contents));
      label_headers.push_back(header);
    } else {
      add_images(set, std::move(contents), header);
    }
  }
  const std::size_t images = set.parts.size() - first_part;
  if (images != label_headers.size() || images == 0) {
    fail_data(name + ": names " + std::to_string(images) + " idx files with images and " +
              std::to_string(label_headers.size()) +
              " with labels, expected as many of each, at least one");
  }
  for (std::size_t i = 0; i < images; ++i) {
    ImagePart& part = set.parts[first_part + i];
    add_labels(part, set.files[part.file].path(), labels[first_label + i], label_headers[i]);
  }
}

// Pairs of files (http://yann.lecun.com/exdb/mnist): the n-th with images belongs to the n-th with
// labels, among those that train as among those that validate. config.classes 0: one more than the
// largest label.
ImageSet read_idx(const DataConfig& config, Warnings& warnings) {
  DataFiles opened = open_files(config, {"*images*idx*", "*labels*idx*"});
  ImageSet set{.kind = "idx"};
  std::vector<Contents> labels;
  const std::span<DataFile> files = opened.files;
  add_pairs(set, files.first(opened.training), config.path.front() + ": data.path", labels);
  set.of_path = set.size();
  if (config.validates_files()) {
    add_pairs(set, files.subspan(opened.training),
              config.validation_files.front() + ": data.validation", labels);
  }
  std::vector<FileContent> contents = contents_of(set.files);
  for (FileContent& content : contents_of(labels)) contents.push_back(std::move(content));
  warn_of_same_content(contents, warnings);
  set.classes = config.classes > 0 ? config.classes : largest_label(set) + 1;
  check_labels(set);
  return set;
}

}  // namespace

std::unique_ptr<Source> open_idx(const DataRequest& request) {
  return image_source(read_idx(request.config, request.warnings), request);
}

}  // namespace pipetrain
