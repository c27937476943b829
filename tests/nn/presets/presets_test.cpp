#include "nn/presets/presets.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layers/model.h"
#include "nn/presets/start_schemes.h"

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
    CHECK(expand_preset(sized(preset)).size() >= 4);
  }
}

TEST_CASE("A preset's own sizes hold unless the configuration gives others") {
  CHECK(configured_context({.preset = "gpt2"}) == 1024);
  CHECK(configured_context({.preset = "gpt2", .context = 64}) == 64);
  CHECK(configured_vocabulary({.preset = "gpt2"}) == 50257);
  CHECK(configured_vocabulary({.preset = "gpt2", .vocabulary = 60000}) == 60000);
}

TEST_CASE("Starting values are the preset's, those of the scheme that init names, or GPT-2's") {
  CHECK(start_scheme_of({.preset = "vit"}).name == "vit");
  CHECK(start_scheme_of({.preset = "classifier"}).name == "gpt2");
  CHECK(start_scheme_of({.preset = "vit", .init = "torch"}).name == "torch");
  CHECK(start_scheme_of({}).name == "gpt2");
  CHECK(start_scheme_names() ==
        std::vector<std::string>{"gpt2", "llama", "resnet", "vit", "torch"});
}

TEST_CASE("An unknown preset, a size that is missing and a rate without effect are named") {
  CHECK_THROWS_WITH(expand_preset({.preset = "bert"}),
                    ContainsSubstring("'bert'") && ContainsSubstring("gpt, gpt2, gpt2-medium"));
  CHECK_THROWS_WITH(expand_preset({.preset = "vit", .depth = 2, .heads = 2, .width = 8}),
                    ContainsSubstring("model.patch is missing"));
  CHECK_THROWS_WITH(expand_preset({.preset = "resnet", .depth = 18, .dropout = 0.1}),
                    ContainsSubstring("the preset resnet has none"));
  CHECK_THROWS_WITH(start_scheme_of({.init = "torch", .init_std = 1}),
                    ContainsSubstring("gpt2, llama, vit"));
}
