#include "exchange/imported_config.h"

#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"
#include "hf_models.h"
#include "logged.h"

using namespace pipetrain;

TEST_CASE("An imported ViT trains on images, whose pixels are as its folder says") {
  const Log log;
  const ImportedConfig made =
      imported_config(small_vit(), std::string(PIPETRAIN_GOLDEN) + "/hf_vit");
  CHECK(made.config.data.format == "idx");
  CHECK(made.config.data.mean == std::vector<double>{0.4, 0.5, 0.6});
  CHECK(made.config.data.deviation == std::vector<double>{0.25, 0.5, 0.3});
  CHECK(made.tokenizer["type"] == "image");
  CHECK(made.tokenizer["std"] == made.config.data.deviation);
  CHECK(made.config.train.init_from == ".");
}

TEST_CASE("An imported BERT trains on texts that are kept apart from what fills up their rows") {
  const TemporaryFolder at;
  const Log log;
  std::filesystem::create_directory(at.path("x"));
  at.write("x/tokenizer_pipetrain.json", R"({"type": "byte"})");
  const DataConfig bytes = imported_config(small_bert(), at.path("x")).config.data;
  CHECK(bytes.format == "csv");
  CHECK(bytes.tokenizer == TokenizerKind::kBytes);
  CHECK(bytes.separate());
  CHECK(bytes.classes == 3);
  CHECK(bytes.sequence_length == 12);
  CHECK(log.text.str().empty());
  CHECK(imported_config(small_bert(), at.path("none")).config.data.tokenizer_path ==
        "tokenizer.json");
  CHECK(contains(log.text.str(), "has no tokenizer.json that texts could be read with"));
}
