#include "train/text_bytes.h"

#include <memory>
#include <string>

#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

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

TEST_CASE("Tokens that are numbers, and images, are no text") {
  CHECK(text_bytes(FixedSource::counting(3, 4, 13), 3) == 0);
  CHECK(text_bytes(FixedSource::images(3, {2, 2, 1}, 4), 3) == 0);
}
