#include <algorithm>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "catch.h"
#include "exchange/hf_config.h"
#include "exchange/hf_model.h"
#include "exchange/hf_tensors.h"

using namespace pipetrain;

namespace {

// The folder of tests/golden/ that has one.
HfModel model_of(const HfFamily& family) {
  const std::string file =
      std::string(PIPETRAIN_GOLDEN) + "/hf_" + std::string(family.name) + "/config.json";
  nlohmann::json config;
  std::ifstream(file) >> config;
  return parse_hf_config(config, file);
}

// The first family that the model fits: as one of it such a model is exported.
DecoderFamily first_like(const Decoder& model) {
  for (const HfFamily& family : hf_families()) {
    const auto* const decoders = std::get_if<HfDecoders>(&family.models);
    const bool fits = decoders != nullptr && why_not_of(decoders->models, traits_of(model)).empty();
    if (fits) return decoders->models;
  }
  return {};
}

Config config_with(const HfModel& model) {
  Config config;
  config.data.format = "tokens";
  if (const auto* const decoder = std::get_if<Decoder>(&model)) {
    config.data.sequence_length = decoder->context;
    config.model = model_config_of(*decoder);
  } else {
    const auto& encoder = std::get<Encoder>(model);
    config.data.format = encoder.of_images() ? "idx" : "csv";
    config.model = model_config_of(encoder);
  }
  return config;
}

// Of ours, that make up those of the folder.
TensorShapes shapes_of(const HfModel& model) {
  return [tensors = hf_tensors_of(model)](const std::string& name) {
    const auto found = std::ranges::find(tensors, name, &HfTensor::own);
    return found == tensors.end() ? Extents() : found->own_shape();
  };
}

}  // namespace

TEST_CASE("Each family has a name of its own, a sentence, a title and a class") {
  std::set<std::string_view> names;
  for (const HfFamily& family : hf_families()) {
    CAPTURE(family.name);
    CHECK(names.insert(family.name).second);
    CHECK(std::string(family.description).ends_with("."));
    CHECK(!family.title().empty());
    CHECK(*family.architecture != 0);
  }
}

TEST_CASE("A model of each family comes back from its config.json and from our configuration") {
  for (const HfFamily& family : hf_families()) {
    CAPTURE(family.name);
    HfModel model = model_of(family);
    const nlohmann::json written = nlohmann::json::parse(hf_config_of(model).dump());
    CHECK(written["model_type"] == std::string(family.name));
    CHECK(written["architectures"][0] == family.architecture);
    CHECK(parse_hf_config(written, "config.json") == model);
    const Config own = config_with(model);
    const TensorShapes shapes = shapes_of(model);
    if (auto* const decoder = std::get_if<Decoder>(&model)) {
      CHECK(why_not_of(decoder->family, traits_of(*decoder)).empty());
      decoder->family = first_like(*decoder);
      if (!decoder->family.dropout) decoder->dropout = decoder->embedding_dropout = 0;
    }
    CHECK(hf_model_of(own, shapes) == model);
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
