#include <cstdint>
#include <string>
#include <vector>

#include "data/formats/image_files.h"
#include "data/labelled_rows.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace idx_test {

TEST_CASE("idx files give images and labels, plain or packed, from a folder or by name") {
  const TemporaryFolder folder, zipped;
  folder.write("t10k-images-idx3-ubyte", idx_images());
  folder.write("t10k-labels-idx1-ubyte", idx_labels());
  folder.write("other.txt", "not data");
  zipped.write("images-idx3-ubyte.gz", packed(idx_images()));
  // Two members are one file.
  zipped.write("labels-idx1-ubyte.gz",
               packed(idx_labels().substr(0, 11)) + packed(idx_labels().substr(11)));
  for (const DataConfig& config :
       {raw_images("idx", {folder.path("")}), raw_images("idx", {zipped.path("")}),
        raw_images("idx",
                   {zipped.path("labels-idx1-ubyte.gz"), folder.path("t10k-images-idx3-ubyte")})}) {
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
  folder.write("t-images-idx3-ubyte", idx_images());
  folder.write("t-labels-idx1-ubyte", idx_labels());
  folder.write("t-images-idx3-ubyte.gz", packed(idx_images()));
  folder.write("t-labels-idx1-ubyte.gz", packed(idx_labels()));
  const auto source = open_source(raw_images("idx", {folder.path("")}), 0, 1);
  CHECK(source->training_rows() + source->validation_rows() == kImageCount);
  REQUIRE(source->warnings().size() == 1);
  CHECK(contains(source->warnings()[0],
                 "the validation part has no sample of 2 of 4 classes (0, 1)"));
  folder.write("u-images-idx3-ubyte.gz", packed(idx_images()));
  folder.write("u-labels-idx1-ubyte.gz",
               packed(idx_header(0x801, {kImageCount}) + std::string(kImageCount, 3)));
  const auto twice = open_source(raw_images("idx", {folder.path("")}), 0, 1);
  CHECK(contains(twice->warnings()[0], "t-images-idx3-ubyte and ",
                 "u-images-idx3-ubyte.gz have the same content"));
}

TEST_CASE("Of several sets in a folder the test set comes last") {
  const TemporaryFolder folder;
  folder.write("t10k-images-idx3-ubyte", idx_images());
  folder.write("t10k-labels-idx1-ubyte", idx_labels());
  folder.write("train-images-idx3-ubyte", idx_header(0x803, {20, 2, 3}) + std::string(120, '\7'));
  folder.write("train-labels-idx1-ubyte", idx_header(0x801, {20}) + std::string(20, '\0'));
  DataConfig config = raw_images("idx", {folder.path("")});
  config.validation_fraction = 0.5;
  const LabelledRows last = validation_rows(*open_source(config, 0, 1));
  CHECK(rounded(last.pixels())[6] == 10);
}

TEST_CASE("idx files that cannot be used are named with the reason") {
  const TemporaryFolder folder;
  const std::string good_images = folder.write("i", idx_images()),
                    good_labels = folder.write("l", idx_labels());
  const auto with_images = [&](const std::string& contents) {
    const std::string file = folder.write("x", contents);
    const std::string message = data_error(raw_images("idx", {file, good_labels}));
    const std::string start = "data: " + file + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  const auto with_labels = [&](const std::string& contents, int classes = 0) {
    DataConfig config = raw_images("idx", {good_images, folder.write("x", contents)});
    config.classes = classes;
    const std::string message = data_error(config), start = "data: " + folder.path("x") + ": ";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  };
  CHECK(with_images(idx_images()) == "no error");
  CHECK(with_images(idx_header(0xD03, {kImageCount, 2, 3}) + image_bytes())
            .starts_with("magic 0x00000d03 at byte 0, expected 0x00000803 or"));
  CHECK(with_images("ab") == "ends inside its header");
  CHECK(with_images(idx_images().substr(0, 15)) == "ends inside its header");
  CHECK(with_images(idx_images() + "x") == "its header promises 136 bytes in all, it holds 137");
  CHECK(with_images(idx_header(0x803, {kImageCount, 0, 3})) ==
        "dimension 1 in its header (byte 8) is 0, expected at least 1");
  CHECK(with_images(idx_header(0x804, {1, 1, 1, 2000}) + std::string(2000, 'x')) ==
        "has images of 2000 channels, expected at most 1024");
  CHECK(with_images(idx_header(0x803, {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF})) ==
        "its header promises more than any file holds");
  CHECK(with_images(idx_header(0x803, {0xFFFFFFFF, 0xFFFF, 0xFFFF}))
            .starts_with("its header promises 18446"));
  CHECK(with_labels(idx_header(0x801, {19}) + label_bytes().substr(1))
            .starts_with("has 19 labels for the 20 images of " + good_images));
  CHECK(with_labels(idx_labels(), 3) == "label 3 (byte 11) is 3, expected 0 to 2");
  CHECK(with_labels(idx_images()).find("names 2 idx files with images and 0 with labels") !=
        std::string::npos);
  CHECK(data_error(raw_images("idx", {folder.path("nowhere")})).find("No such file") !=
        std::string::npos);
  const TemporaryFolder empty;
  CHECK(data_error(raw_images("idx", {empty.path("")})).find("has no file like *images*idx*") !=
        std::string::npos);
  DataConfig all = raw_images("idx", {good_images, good_labels});
  all.validation_fraction = 0.99;
  CHECK(data_error(all).find("the training part has none") != std::string::npos);
  all.validation_fraction = 0.001;
  CHECK(data_error(all).find("the validation part has none") != std::string::npos);
}

TEST_CASE("Images of several channels lie channel by channel in each pixel") {
  const TemporaryFolder folder;
  const std::string file =
      folder.write("i", idx_header(0x804, {2, 1, 2, 3}) + std::string("\1\2\3\4\5\6abcdef"));
  DataConfig config =
      raw_images("idx", {file, folder.write("l", idx_header(0x801, {2}) + std::string("\0\1", 2))});
  config.validation_fraction = 0.5;
  const auto source = open_source(config, 0, 1);
  CHECK(source->input_shape() == Shape{1, 2, 3});
  CHECK(rounded(epoch_rows(*source, 0, 0, 1).pixels()) == std::vector<int>{1, 2, 3, 4, 5, 6});
  config.path.push_back(folder.write("i2", idx_images()));
  config.path.push_back(folder.write("l2", idx_labels()));
  CHECK(contains(data_error(config), "has images of 2 x 3 x 1, the first file of 1 x 2 x 3"));
}

}  // namespace idx_test
