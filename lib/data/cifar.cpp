// CIFAR's binary batches: records of one label (CIFAR-100: a coarse and a fine one) and 3072 bytes,
// the red, green and blue planes of 32 x 32 pixels.
#include "base/error.h"
#include "data/image_set.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kSide = 32, kPlane = kSide * kSide, kImageBytes = 3 * kPlane;

[[noreturn]] void fail(const MappedFile& file, const std::string& what) {
  throw Error(ExitCode::kData, "data: " + file.path() + ": " + what);
}

std::int64_t label_bytes(const MappedFile& file) {
  const auto size = static_cast<std::int64_t>(file.bytes().size());
  for (const std::int64_t bytes : {1, 2}) {
    if (size % (bytes + kImageBytes) == 0) return bytes;
  }
  fail(file, "has " + std::to_string(size) +
                 " bytes, expected whole records of 3073 (CIFAR-10) or 3074 (CIFAR-100)" +
                 (is_gzip(file) ? "; unpack it first" : ""));
}

}  // namespace

ImageSet open_cifar(const std::vector<std::string>& paths) {
  ImageSet set{.layout = {.height = kSide,
                          .width = kSide,
                          .channels = 3,
                          .pixel_stride = 1,
                          .channel_stride = kPlane}};
  std::int64_t labels = 0;
  for (MappedFile& file : map_files(files_of_folders(paths, {"*.bin"}))) {
    if (set.parts.empty()) labels = label_bytes(file);
    const std::int64_t record = labels + kImageBytes;
    const auto size = static_cast<std::int64_t>(file.bytes().size());
    if (size % record != 0) {
      fail(file, "has " + std::to_string(size) + " bytes, expected whole records of " +
                     std::to_string(record) + ", as in the first file");
    }
    const std::byte* const start = file.bytes().data();
    set.parts.push_back({.count = size / record,
                         .images = start + labels,
                         .image_stride = record,
                         .labels = start + labels - 1,
                         .label_stride = record,
                         .label_file = file.path(),
                         .label_offset = labels - 1});
    set.files.emplace_back(std::move(file), static_cast<std::size_t>(size));
  }
  set.kind = labels == 1 ? "CIFAR-10" : "CIFAR-100";
  set.classes = labels == 1 ? 10 : 100;
  check_labels(set);
  return set;
}

}  // namespace pipetrain
