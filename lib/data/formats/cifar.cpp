// CIFAR's binary batches: records of one label (CIFAR-100: a coarse and a fine one) and 3072 bytes,
// the red, green and blue planes of 32 x 32 pixels (Krizhevsky 2009,
// https://www.cs.toronto.edu/~kriz/cifar.html). The size of a record tells CIFAR-10 and CIFAR-100
// apart.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/byte_stream.h"
#include "data/data_file.h"
#include "data/formats/formats.h"
#include "data/formats/image_samples.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kSide = 32, kPlane = kSide * kSide;
constexpr std::size_t kImageBytes = 3 * kPlane;

std::size_t label_bytes(const DataFile& file) {
  for (const std::size_t bytes : {1, 2}) {
    if (file.size() % (bytes + kImageBytes) == 0) return bytes;
  }
  fail_data(file, "has " + std::to_string(file.size()) +
                      " bytes, expected whole records of 3073 (CIFAR-10) or 3074 (CIFAR-100)" +
                      (is_gzip(file) ? "; unpack it first" : ""));
}

void add_records(ImageSet& set, DataFile file, std::size_t labels) {
  const std::size_t record = labels + kImageBytes;
  ImagePart part{.count = static_cast<std::int64_t>(file.size() / record),
                 .file = set.files.size(),
                 .offset = labels,
                 .stride = record,
                 .label_file = file.path(),
                 .label_offset = labels - 1,
                 .label_stride = record};
  part.labels.resize(static_cast<std::size_t>(part.count));
  for (std::size_t i = 0; i < part.labels.size(); ++i) {
    file.read(part.label_offset + i * record,
              std::as_writable_bytes(std::span(&part.labels[i], 1)));
  }
  set.parts.push_back(std::move(part));
  const std::size_t size = file.size();
  set.files.emplace_back(std::move(file), size);
}

ImageSet read_cifar(const DataConfig& config, Warnings& warnings) {
  DataFiles opened = open_files(config, {"*.bin"});
  warn_of_same_content(contents_of(opened.files), warnings);
  ImageSet set{.layout = {.height = kSide,
                          .width = kSide,
                          .channels = 3,
                          .pixel_stride = 1,
                          .channel_stride = kPlane}};
  std::size_t labels = 0;
  for (DataFile& file : opened.files) {
    if (set.parts.empty()) labels = label_bytes(file);
    const std::size_t record = labels + kImageBytes;
    if (file.size() % record != 0) {
      fail_data(file, "has " + std::to_string(file.size()) + " bytes, expected whole records of " +
                          std::to_string(record) + ", as in the first file");
    }
    add_records(set, std::move(file), labels);
    if (set.parts.size() == opened.training) set.of_path = set.size();
  }
  set.kind = labels == 1 ? "CIFAR-10" : "CIFAR-100";
  set.classes = labels == 1 ? 10 : 100;
  check_labels(set);
  return set;
}

}  // namespace

std::unique_ptr<Source> open_cifar(const DataRequest& request) {
  return image_source(read_cifar(request.config, request.warnings), request);
}

}  // namespace pipetrain
