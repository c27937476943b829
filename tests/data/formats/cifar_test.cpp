#include <cstdint>
#include <string>
#include <vector>

#include "data/formats/image_files.h"
#include "data/labelled_rows.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace cifar_test {

TEST_CASE("CIFAR's records give channels last and the fine label") {
  const TemporaryFolder folder;
  const auto record = [](const std::string& label, char red) {
    return label + std::string(1024, red) + std::string(1024, '\2') + std::string(1024, '\3');
  };
  DataConfig config = raw_images("cifar", {folder.path("")});
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

TEST_CASE("Files of CIFAR-10 and CIFAR-100 are not one set, and packed ones are none") {
  const TemporaryFolder folder;
  const std::string ten = folder.write("ten.bin", std::string(3073, '\1')),
                    hundred = folder.write("hundred.bin", std::string(3074, '\1'));
  CHECK(contains(data_error(raw_images("cifar", {ten, hundred})), hundred,
                 "has 3074 bytes, expected whole records of 3073, as in the first file"));
  const std::string gzip = folder.write("x.bin.gz", packed(std::string(3073, '\1')));
  CHECK(data_error(raw_images("cifar", {gzip})).ends_with("; unpack it first"));
  const TemporaryFolder empty;
  CHECK(contains(data_error(raw_images("cifar", {empty.path("")})), "has no file like *.bin"));
}

}  // namespace cifar_test
