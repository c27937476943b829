#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "data/labelled_rows.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

std::string header(std::uint32_t magic, const std::vector<std::uint32_t>& extents) {
  std::string bytes;
  std::vector<std::uint32_t> words = {magic};
  words.insert(words.end(), extents.begin(), extents.end());
  for (const std::uint32_t word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xFF);
  }
  return bytes;
}

// 20 images of 2 x 3: image i has the bytes 10 i, 10 i + 1, ...; its label is i mod 4.
constexpr int kImages = 20;

std::string image_bytes() {
  std::string bytes;
  for (int i = 0; i < kImages; ++i) {
    for (int p = 0; p < 6; ++p) bytes += static_cast<char>(10 * i + p);
  }
  return bytes;
}

std::string label_bytes() {
  std::string bytes;
  for (int i = 0; i < kImages; ++i) bytes += static_cast<char>(i % 4);
  return bytes;
}

std::string images() { return header(0x803, {kImages, 2, 3}) + image_bytes(); }
std::string labels() { return header(0x801, {kImages}) + label_bytes(); }

std::string packed(const std::string& text) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

// Bytes as they are: mean 0, deviation 1 / 255.
DataConfig raw(const std::vector<std::string>& paths) {
  return {.format = "idx", .path = paths, .mean = {0}, .deviation = {1.0 / 255}};
}

std::vector<int> rounded(const std::vector<float>& pixels) {
  std::vector<int> numbers;
  for (const float x : pixels) numbers.push_back(static_cast<int>(std::lround(x)));
  return numbers;
}

}  // namespace

TEST_CASE("idx files give images and labels, plain or packed, from a folder or by name") {
  const TemporaryFolder folder, zipped;
  folder.write("t10k-images-idx3-ubyte", images());
  folder.write("t10k-labels-idx1-ubyte", labels());
  folder.write("other.txt", "not data");
  zipped.write("images-idx3-ubyte.gz", packed(images()));
  // Two members are one file.
  zipped.write("labels-idx1-ubyte.gz",
               packed(labels().substr(0, 11)) + packed(labels().substr(11)));
  for (const DataConfig& config :
       {raw({folder.path("")}), raw({zipped.path("")}),
        raw({zipped.path("labels-idx1-ubyte.gz"), folder.path("t10k-images-idx3-ubyte")})}) {
    const auto source = open_source(config, 0, 1);
    CHECK(source->input_shape() == Shape{2, 3, 1});
    CHECK(source->input_dtype() == DType::kFloat32);
    CHECK(source->target_shape().rank() == 0);
    CHECK(source->classes() == 4);
    CHECK(source->vocabulary() == 0);
    CHECK(source->training_rows() == 18);
    const LabelledRows last = validation_rows(*source);
    CHECK(last.labels() == std::vector<std::int32_t>{2, 3});
    CHECK(rounded(last.pixels()) ==
          std::vector<int>{180, 181, 182, 183, 184, 185, 190, 191, 192, 193, 194, 195});
  }
}

TEST_CASE("A folder with each idx file plain and packed has every image once") {
  const TemporaryFolder folder;
  folder.write("t-images-idx3-ubyte", images());
  folder.write("t-labels-idx1-ubyte", labels());
  folder.write("t-images-idx3-ubyte.gz", packed(images()));
  folder.write("t-labels-idx1-ubyte.gz", packed(labels()));
  const auto source = open_source(raw({folder.path("")}), 0, 1);
  CHECK(source->training_rows() + source->validation_rows() == kImages);
  REQUIRE(source->warnings().size() == 1);
  CHECK(contains(source->warnings()[0],
                 "the validation part has no sample of 2 of 4 classes (0, 1)"));
  folder.write("u-images-idx3-ubyte.gz", packed(images()));
  folder.write("u-labels-idx1-ubyte.gz",
               packed(header(0x801, {kImages}) + std::string(kImages, 3)));
  const auto twice = open_source(raw({folder.path("")}), 0, 1);
  CHECK(contains(twice->warnings()[0], "t-images-idx3-ubyte and ",
                 "u-images-idx3-ubyte.gz have the same content"));
}

TEST_CASE("Of several sets in a folder the test set comes last") {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", images());
  folder.write("t10k-labels-idx1-ubyte", labels());
  folder.write("train-images-idx3-ubyte", header(0x803, {20, 2, 3}) + std::string(120, '\7'));
  folder.write("train-labels-idx1-ubyte", header(0x801, {20}) + std::string(20, '\0'));
  DataConfig config = raw({folder.path("")});
  config.validation_fraction = 0.5;
  const LabelledRows last = validation_rows(*open_source(config, 0, 1));
  CHECK(rounded(last.pixels())[6] == 10);
}

TEST_CASE("An epoch has every sample once, in an order that the seed and the epoch decide") {
  const TemporaryFolder folder;
  const DataConfig config = raw({folder.write("i", images()), folder.write("l", labels())});
  const auto source = open_source(config, 0, 5), other = open_source(config, 0, 6);
  const auto firsts = [](const Source& from, std::int64_t epoch) {
    std::vector<int> first;
    for (std::int64_t row = 0; row < 18; row += 6) {  // as steps would read them
      const std::vector<int> pixels = rounded(epoch_rows(from, epoch, row, 6).pixels());
      for (std::size_t i = 0; i < pixels.size(); i += 6) first.push_back(pixels[i]);
    }
    return first;
  };
  const std::vector<int> epoch = firsts(*source, 0);
  CHECK(std::set<int>(epoch.begin(), epoch.end()).size() == 18);
  CHECK(*std::ranges::max_element(epoch) == 170);
  CHECK(firsts(*open_source(config, 0, 5), 0) == epoch);
  CHECK(firsts(*source, 1) != epoch);
  CHECK(firsts(*other, 0) != epoch);
  const LabelledRows rows = epoch_rows(*source, 0, 0, 18);
  for (std::size_t i = 0; i < 18; ++i) CHECK(rows.labels()[i] == epoch[i] / 10 % 4);
}

TEST_CASE("Images are normalised by the mean and deviation of those that train, or as told") {
  const TemporaryFolder folder;
  const std::vector<std::string> paths = {folder.write("i", images()), folder.write("l", labels())};
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
  DataConfig config = raw({folder.write("i", images()), folder.write("l", labels())});
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

TEST_CASE("CIFAR's records give channels last and the fine label") {
  const TemporaryFolder folder;
  const auto record = [](std::string label, char red) {
    return label + std::string(1024, red) + std::string(1024, '\2') + std::string(1024, '\3');
  };
  DataConfig config{.format = "cifar", .path = {folder.path("")}, .mean = {0}};
  config.deviation = {1.0 / 255};
  config.validation_fraction = 0.5;
  folder.write("data_batch_1.bin", record("\4", '\1'));
  folder.write("test_batch.bin", record("\5", '\6'));
  const auto source = open_source(config, 0, 1);
  CHECK(source->input_shape() == Shape{32, 32, 3});
  CHECK(source->classes() == 10);
  const LabelledRows last = validation_rows(*source);
  CHECK(last.labels() == std::vector<std::int32_t>{5});
  const std::vector<int> pixels = rounded(last.pixels());
  CHECK(std::vector<int>(pixels.end() - 6, pixels.end()) == std::vector<int>{6, 2, 3, 6, 2, 3});

  config.path = {folder.write("hundred.dat", record("\x05\x44", '\1') + record("\x06\x63", '\1'))};
  const auto hundred = open_source(config, 0, 1);
  CHECK(hundred->classes() == 100);
  CHECK(validation_rows(*hundred).labels() == std::vector<std::int32_t>{0x63});

  config.path = {folder.write("wrong.dat", record("\x05\x44", '\1') + record("\x06\x64", '\1'))};
  CHECK(data_error(config).find("wrong.dat: label 1 (byte 3075) is 100, expected 0 to 99") !=
        std::string::npos);
  config.path = {folder.write("short.dat", record("\4", '\1').substr(1) + "12345")};
  CHECK(data_error(config).find("has 3077 bytes, expected whole records of 3073") !=
        std::string::npos);
}

TEST_CASE("idx files that cannot be used are named with the reason") {
  const TemporaryFolder folder;
  const std::string good_images = folder.write("i", images()),
                    good_labels = folder.write("l", labels());
  const auto with_images = [&](const std::string& contents) {
    const std::string file = folder.write("x", contents);
    const std::string message = data_error(raw({file, good_labels}));
    const std::string start = "data: " + file + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  const auto with_labels = [&](const std::string& contents, int classes = 0) {
    DataConfig config = raw({good_images, folder.write("x", contents)});
    config.classes = classes;
    const std::string message = data_error(config), start = "data: " + folder.path("x") + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  CHECK(with_images(images()) == "no error");
  CHECK(with_images(header(0xD03, {kImages, 2, 3}) + image_bytes())
            .starts_with("magic 0x00000d03 at byte 0, expected 0x00000803 or"));
  CHECK(with_images("ab") == "ends inside its header");
  CHECK(with_images(images().substr(0, 15)) == "ends inside its header");
  CHECK(with_images(images().substr(0, 100)) ==
        "its header promises 136 bytes in all, it holds 100");
  CHECK(with_images(images() + "x") == "its header promises 136 bytes in all, it holds 137");
  CHECK(with_images(header(0x803, {kImages, 0, 3})) ==
        "dimension 1 in its header (byte 8) is 0, expected at least 1");
  CHECK(with_images(header(0x804, {1, 1, 1, 2000}) + std::string(2000, 'x')) ==
        "has images of 2000 channels, expected at most 1024");
  CHECK(with_images(header(0x803, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF})) ==
        "its header promises more than any file holds");
  CHECK(with_images(header(0x803, {0xFFFFFFFF, 0xFFFF, 0xFFFF}))
            .starts_with("its header promises 18446"));
  CHECK(with_images(packed(images().substr(0, 130))) ==
        "its header promises 136 bytes in all, it holds 130");
  CHECK(with_images(packed(images() + "x")) ==
        "its header promises 136 bytes in all, it holds more");
  CHECK(with_images(packed(header(0x803, {0xFFFF, 0xFFFF, 0xFFFF})))
            .starts_with("its header promises 281462092005391 bytes in all, it holds less ("));
  CHECK(with_images(packed(images()).substr(0, 60)).starts_with("its gzip data are cut off"));
  std::string damaged = packed(images());
  damaged[damaged.size() - 6] ^= 1;  // of the checksum
  CHECK(with_images(damaged).starts_with("its gzip data are damaged, at byte "));
  CHECK(with_labels(header(0x801, {19}) + label_bytes().substr(1))
            .starts_with("has 19 labels for the 20 images of " + good_images));
  CHECK(with_labels(labels(), 3) == "label 3 (byte 11) is 3, expected 0 to 2");
  CHECK(with_labels(images()).find("names 2 idx files with images and 0 with labels") !=
        std::string::npos);
  CHECK(data_error(raw({folder.path("nowhere")})).find("No such file") != std::string::npos);
  const TemporaryFolder empty;
  CHECK(data_error(raw({empty.path("")})).find("has no file like *images*idx*") !=
        std::string::npos);
  DataConfig all = raw({good_images, good_labels});
  all.validation_fraction = 0.99;
  CHECK(data_error(all).find("the training part has none") != std::string::npos);
  all.validation_fraction = 0.001;
  CHECK(data_error(all).find("the validation part has none") != std::string::npos);
}
