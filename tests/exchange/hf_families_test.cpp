#include <algorithm>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "exchange/hf_config.h"
#include "exchange/hf_model.h"
#include "exchange/hf_tensors.h"

using namespace pipetrain;

namespace {

// The folder of tests/golden/ that has one.
Decoder model_of(const HfFamily& family) {
  const std::string file =
      std::string(PIPETRAIN_GOLDEN) + "/hf_" + std::string(family.name) + "/config.json";
  nlohmann::json config;
  std::ifstream(file) >> config;
  return parse_hf_config(config, file);
}

// The first family that the model fits: as one of it such a model is exported.
const HfFamily* first_like(const Decoder& model) {
  return &*std::ranges::find_if(hf_families(), [&](const HfFamily& family) {
    return why_not_of(family.models, traits_of(model)).empty();
  });
}

}  // namespace

TEST_CASE("Each family has a name of its own, a sentence and a title") {
  std::set<std::string_view> names;
  for (const HfFamily& family : hf_families()) {
    CAPTURE(family.name);
    CHECK(names.insert(family.name).second);
    CHECK(std::string(family.description).ends_with("."));
    CHECK(!family.models.title.empty());
  }
}

TEST_CASE("A model of each family comes back from its config.json and from our configuration") {
  for (const HfFamily& family : hf_families()) {
    CAPTURE(family.name);
    const Decoder model = model_of(family);
    const nlohmann::json written = nlohmann::json::parse(hf_config_of(model).dump());
    CHECK(written["model_type"] == std::string(family.name));
    CHECK(parse_hf_config(written, "config.json") == model);
    Config config;
    config.data.format = "tokens";
    config.data.sequence_length = model.context;
    config.model = model_config_of(model);
    CHECK(why_not_of(family.models, traits_of(model)).empty());
    Decoder exported = model;
    exported.family = first_like(model)->models;
    if (!exported.family.dropout) exported.dropout = exported.embedding_dropout = 0;
    CHECK(hf_model_of(config, model.vocabulary) == exported);
  }
}

TEST_CASE("A family's tensors make up ours, each part once and in order") {
  for (const HfFamily& family : hf_families()) {
    std::set<std::string> theirs;
    const std::vector<HfTensor> tensors = hf_tensors_of(model_of(family));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      CAPTURE(tensors[i].name);
      CHECK(theirs.insert(tensors[i].name).second);
      const bool goes_on = i > 0 && tensors[i].own == tensors[i - 1].own;
      CHECK(tensors[i].first_row == (goes_on ? tensors[i - 1].first_row + tensors[i - 1].rows : 0));
    }
  }
}
