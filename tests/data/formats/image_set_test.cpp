#include "data/formats/image_set.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace image_set_test {

namespace {

// Images of 1 x 2 x 1: two of a file with nothing else, and one of a file with records of a label
// and an image.
ImageSet made_up(const TemporaryFolder& folder) {
  ImageSet set{.kind = "made up",
               .layout = {.height = 1, .width = 2, .channels = 1},
               .classes = 10,
               .parts = {{.count = 2,
                          .file = 0,
                          .stride = 2,
                          .labels = {3, 9},
                          .label_file = "labels",
                          .label_offset = 8},
                         {.count = 2,
                          .file = 1,
                          .offset = 1,
                          .stride = 3,
                          .labels = {5, 7},
                          .label_file = "records",
                          .label_stride = 3}}};
  set.files.emplace_back(DataFile(folder.write("1", "abcd")), 4);
  set.files.emplace_back(DataFile(folder.write("2", "\5ef\7gh")), 6);
  return set;
}

std::string image(const ImageSet& set, std::int64_t sample) {
  std::string bytes(set.image_bytes(), '\0');
  set.read_image(sample, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace

TEST_CASE("Images and labels of several files follow each other") {
  const TemporaryFolder folder;
  const ImageSet set = made_up(folder);
  CHECK(set.size() == 4);
  CHECK(set.name() == "labels");
  std::string images;
  std::vector<int> labels;
  for (std::int64_t sample = 0; sample < set.size(); ++sample) {
    images += image(set, sample);
    labels.push_back(set.label(sample));
  }
  CHECK(images == "abcdefgh");
  CHECK(labels == std::vector<int>{3, 9, 5, 7});
  CHECK(largest_label(set) == 9);
}

TEST_CASE("A label beyond the classes is named with its file and place") {
  const TemporaryFolder folder;
  ImageSet set = made_up(folder);
  const auto refusal = [&] { return data_error_of([&] { check_labels(set); }); };
  CHECK(refusal() == "no error");
  set.classes = 9;
  CHECK(refusal() == "data: labels: label 1 (byte 9) is 9, expected 0 to 8");
  set.parts[0].labels = {0, 0};
  set.classes = 6;
  CHECK(refusal() == "data: records: label 1 (byte 3) is 7, expected 0 to 5");
}

TEST_CASE("A layout is told by height, width and channels, and all of it counts") {
  const ImageLayout layout{.height = 28, .width = 24, .channels = 3};
  CHECK(layout.text() == "28 x 24 x 3");
  ImageLayout planes = layout;
  planes.channel_stride = 28 * 24;
  CHECK(!(planes == layout));
}

}  // namespace image_set_test
