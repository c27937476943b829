#include "nn/presets/presets.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layers/described.h"
#include "nn/presets/start_schemes.h"
#include "nn/unroll.h"

using namespace pipetrain;

namespace {

// With all sizes that any preset needs.
ModelConfig sized(const Preset& preset) {
  ModelConfig config{.preset = std::string(preset.name)};
  for (const ModelSize& needed : preset.needs) {
    config.*needed.size = std::string(needed.key) == "depth" ? 18 : 2;
  }
  return config;
}

}  // namespace

TEST_CASE("Each preset has a name of its own, a sentence and a scheme of starting values") {
  std::set<std::string_view> names;
  for (const Preset& preset : presets()) {
    CAPTURE(preset.name);
    CHECK(names.insert(preset.name).second);
    CHECK(std::string(preset.description).ends_with("."));
    CHECK(&start_scheme_of({.preset = std::string(preset.name)}) == preset.starts);
  }
}

TEST_CASE("A preset is a list of layers once it has the sizes that it needs") {
  for (const Preset& preset : presets()) {
    CAPTURE(preset.name);
    CHECK(expand_preset(sized(preset)).size() >= 2);
  }
}

TEST_CASE("A preset's own sizes hold unless the configuration gives others") {
  CHECK(configured_context({.preset = "gpt2"}) == 1024);
  CHECK(configured_context({.preset = "gpt2", .context = 64}) == 64);
  CHECK(configured_vocabulary({.preset = "gpt2"}) == 50257);
  CHECK(configured_vocabulary({.preset = "gpt2", .vocabulary = 60000}) == 60000);
}

TEST_CASE("An unknown preset, a size that is missing and a rate without effect are named") {
  CHECK_THROWS_WITH(expand_preset({.preset = "bert"}),
                    ContainsSubstring("'bert'") && ContainsSubstring("gpt, gpt2, gpt2-medium"));
  CHECK_THROWS_WITH(expand_preset({.preset = "vit", .depth = 2, .heads = 2, .width = 8}),
                    ContainsSubstring("model.patch is missing"));
  CHECK_THROWS_WITH(expand_preset({.preset = "resnet", .depth = 18, .dropout = 0.1}),
                    ContainsSubstring("the preset resnet has none"));
}

TEST_CASE("A preset's dropout goes to its embedding and blocks; where none can be it is refused") {
  for (const char* preset : {"gpt", "llama", "classifier", "vit"}) {
    INFO(preset);
    ModelConfig config{
        .preset = preset, .depth = 1, .heads = 2, .width = 16, .context = 8, .patch = 4};
    config.classes = 10;
    const auto rates = [&] {
      int found = 0;
      const std::vector<LayerEntry> entries = expand_preset(config);
      for (const LayerEntry* made : unrolled(entries)) {
        for (const auto& [key, value] : made->options) {
          if (key == "dropout") CHECK(value == "0.1");
          found += key == "dropout" ? 1 : 0;
        }
      }
      return found;
    };
    CHECK(rates() == 0);
    config.dropout = 0.1;
    CHECK(rates() == 2);
  }
  CHECK(contains(failure({.preset = "resnet", .depth = 18, .dropout = 0.1}, images(32, 10)),
                 "model.dropout", "0.1", "resnet"));
  CHECK(contains(failure({.dropout = 0.1, .layers = {entry("relu")}}), "model.dropout",
                 "model.layers"));
  CHECK(
      contains(failure({.layers = {entry("patch_embedding", {{"patch", "4"}, {"width", "8"}}),
                                   entry("transformer_block", {{"heads", "2"}, {"dropout", "1"}})}},
                       images(8, 10)),
               "transformer_block", "dropout is '1'", "from 0 to below 1"));
}
