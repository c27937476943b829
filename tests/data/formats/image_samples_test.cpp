#include "data/formats/image_samples.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/formats/image_files.h"
#include "data/labelled_rows.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace image_samples_test {

TEST_CASE("Images are normalised by the mean and deviation of those that train, or as told") {
  const TemporaryFolder folder;
  const std::vector<std::string> paths = {folder.write("i", idx_images()),
                                          folder.write("l", idx_labels())};
  const auto source = open_source({.format = "idx", .path = paths}, 0, 1);
  double sum = 0, squares = 0;
  for (const float x : epoch_rows(*source, 0, 0, 18).pixels()) {
    sum += x;
    squares += static_cast<double>(x) * x;
  }
  CHECK(std::abs(sum / 108) < 1e-6);
  CHECK(std::abs(squares / 108 - 1) < 1e-6);
  CHECK(std::abs(source->tokenizer()["mean"][0].get<double>() - 87.5 / 255) < 1e-9);
  const auto told =
      open_source({.format = "idx", .path = paths, .mean = {0.5}, .deviation = {0.25}}, 0, 1);
  CHECK(validation_rows(*told).pixels()[0] == Approx((180 / 255.0 - 0.5) / 0.25));
  CHECK(data_error({.format = "idx", .path = paths, .mean = {0.5, 0.5}})
            .find("data.mean has 2 numbers, the images have 1 channels") != std::string::npos);
}

TEST_CASE("Images are padded with black, and training images moved and mirrored") {
  const TemporaryFolder folder;
  DataConfig config =
      raw_images("idx", {folder.write("i", idx_images()), folder.write("l", idx_labels())});
  config.pad = 1;
  config.crop = 1;
  config.flip = true;
  const auto source = open_source(config, 0, 1);
  CHECK(source->input_shape() == Shape{4, 5, 1});
  // Validation images only get their black frame.
  const std::vector<int> still = rounded(validation_rows(*source).pixels());
  CHECK(std::vector<int>(still.begin(), still.begin() + 20) ==
        std::vector<int>{0, 0, 0, 0, 0, 0, 180, 181, 182, 0, 0, 183, 184, 185, 0, 0, 0, 0, 0, 0});
  std::set<std::pair<std::size_t, bool>> seen;  // where the first row of an image is, mirrored
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    const std::vector<int> pixels = rounded(epoch_rows(*source, epoch, 0, 18).pixels());
    for (std::size_t i = 0; i < 18; ++i) {
      const std::vector<int> image(pixels.begin() + 20 * i, pixels.begin() + 20 * (i + 1));
      const auto whole = std::ranges::find_if(image, [](int x) { return x % 10 == 1; });
      REQUIRE(whole != image.end());  // the middle of the upper row is never moved out
      const auto place = static_cast<std::size_t>(whole - image.begin());
      const int left = place % 5 > 0 ? image[place - 1] : *whole - 1;
      seen.insert({place, left == *whole + 1});
    }
    CHECK(rounded(epoch_rows(*source, epoch, 3, 2).pixels()) ==
          std::vector<int>(pixels.begin() + 60, pixels.begin() + 100));
  }
  CHECK(seen.size() == 18);  // nine places, each both ways
}

TEST_CASE("Channels have a mean and a deviation each; one without spread keeps its size") {
  const TemporaryFolder folder;
  ImageSet set{
      .kind = "made up",
      .layout = {.height = 1, .width = 2, .channels = 2, .pixel_stride = 2, .channel_stride = 1},
      .classes = 1,
      .parts = {{.count = 2, .stride = 4, .labels = {0, 0}, .label_file = "l"}}};
  set.files.emplace_back(DataFile(folder.write("i", "\x0A\x07\x14\x07\x1E\x07\x28\x07")), 8);
  const ImageSamples samples(std::move(set), {}, SampleSplit(2, 2));
  CHECK(samples.mean()[0] == Approx(25 / 255.0));
  CHECK(samples.mean()[1] == Approx(7 / 255.0));
  CHECK(samples.deviation()[0] == Approx(std::sqrt(125.0) / 255));
  CHECK(samples.deviation()[1] == 1);
  CHECK(samples.description() == "made up images of l: 1 x 2 x 2");
  std::vector<float> row(4);
  CHECK(samples.read(1, nullptr, row.data()) == 0);
  CHECK(row[0] == Approx(5 / std::sqrt(125.0)));
  CHECK(row[1] == Approx(0).margin(1e-6));
}

}  // namespace image_samples_test
