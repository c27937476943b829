#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "catch.h"
#include "exchange/hf_config.h"
#include "exchange/hf_model.h"
#include "exchange/hf_tensors.h"

using namespace pipetrain;

namespace {

Decoder model_of(const HfFamily& family) {
  Decoder model{.family = family.models,
                .depth = 2,
                .heads = 4,
                .kv_heads = 4,
                .width = 48,
                .mlp_width = 96,
                .context = 16,
                .vocabulary = 97};
  if (family.models.gated_mlp) model.activation = MlpActivation::kSwiGlu;
  if (family.models.fewer_kv_heads) model.kv_heads = 2;
  return model;
}

// The first family whose blocks have the same: as one of it such a model is exported.
const HfFamily* first_like(const HfFamily& family) {
  const auto blocks = [](const HfFamily& f) {
    return std::tuple(f.models.norm, f.models.bias, f.models.rotary, f.models.gated_mlp);
  };
  return &*std::ranges::find(hf_families(), blocks(family), blocks);
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
    Decoder exported = model;
    exported.family = first_like(family)->models;
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
