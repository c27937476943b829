#include "train/text_bytes.h"

#include <memory>
#include <string>

#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace text_bytes_test {

TEST_CASE("Targets of validation rows are so many bytes of text") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\u00e9a";  // three bytes, two characters
  DataConfig config{.path = {folder.write("a.txt", text)}};
  config.validation_fraction = 0.5;
  const auto characters = open_source(config, 4, 1);
  CHECK(text_bytes(*characters, 3) == 18);  // 12 characters
  config.tokenizer = TokenizerKind::kBytes;
  config.path = {folder.write("b.txt", std::string(100, 'x'))};
  const auto bytes = open_source(config, 4, 1);
  CHECK(text_bytes(*bytes, 3) == 12);
}

TEST_CASE("The tokenizer that documents were read with is taken, else one is built") {
  const TemporaryFolder folder;
  DataConfig config{.format = "documents",
                    .path = {folder.write("a.txt", std::string(100, 'x'))},
                    .tokenizer = TokenizerKind::kBytes,
                    .cache = folder.path("cache")};
  config.validation_fraction = 0.5;
  const auto source = open_source(config, 4, 1);
  CHECK(text_bytes(*source, 3) == 12);
  CHECK(source->take_tokenizer() == nullptr);
  CHECK(text_bytes(*source, 3) == 12);
}

TEST_CASE("Tokens that are numbers, and images, are no text") {
  FixedSource numbers = FixedSource::counting(3, 4, 13),
              images = FixedSource::images(3, {2, 2, 1}, 4);
  CHECK(text_bytes(numbers, 3) == 0);
  CHECK(text_bytes(images, 3) == 0);
}

}  // namespace text_bytes_test
