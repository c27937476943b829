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

namespace presets_test {

namespace {

// With all sizes that any preset needs.
ModelConfig sized(const Preset& preset) {
  ModelConfig config{.preset = std::string(preset.name)};
  for (const ModelSize& needed : preset.needs) {
    config.*needed.size = std::string(needed.key) == "depth" ? 18 : 2;
  }
  return config;
}

// All that it stands for.
std::string text_of(const std::vector<LayerEntry>& entries) {
  std::string text;
  for (const LayerEntry& entry : entries) {
    text += " " + entry.kind;
    for (const auto& [key, value] : entry.options)
      text.append(" ").append(key).append("=").append(value);
    text.append("(").append(text_of(entry.layers)).append(")");
  }
  return text;
}
std::string text_of(const ModelConfig& config) { return text_of(expand_preset(config)); }

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

TEST_CASE("A preset takes the keys that it needs and those of its row") {
  CHECK(!unused_key({.preset = "vit", .patch = 4}));
  CHECK(!unused_key({.preset = "vit", .classes = 4}));
  CHECK(unused_key({.preset = "vit", .context = 4}) == "context");
  CHECK(unused_key({.preset = "gpt", .stem = ResnetStem::k7x7}) == "stem");
  CHECK(!unused_key({.context = 4}));
  CHECK(unused_key({.depth = 4}) == "depth");
  CHECK(presets_with_key("stem") == "resnet");
  CHECK(presets_with_key("kv_heads") == "gpt, gpt2, gpt2-medium and llama");
  CHECK(presets_with_key("nothing").empty());
}

// Each value must change the layers, or nobody may be told that the preset takes the key.
TEST_CASE("What a preset takes changes its layers, or how long its rows are") {
  for (const Preset& preset : presets()) {
    const ModelConfig plain = sized(preset);
    for (const std::string_view key : preset.takes) {
      CAPTURE(preset.name, key);
      ModelConfig given = plain;
      if (key == "depth") given.depth = 34;
      if (key == "heads") given.heads = 3;
      if (key == "kv_heads") given.kv_heads = 1;
      if (key == "width") given.width = 99;
      if (key == "mlp_width") given.mlp_width = 99;
      if (key == "context") given.context = 99;
      if (key == "vocabulary") given.vocabulary = 99;
      if (key == "classes") given.classes = 99;
      if (key == "stem") given.stem = ResnetStem::k7x7;
      if (key == "tie_embeddings") given.tie_embeddings = preset.name == "llama";
      if (key == "dropout") given.dropout = 0.5;
      CHECK((text_of(given) != text_of(plain) ||
             configured_context(given) != configured_context(plain)));
    }
  }
}

TEST_CASE("An unknown preset and a size that is missing are named") {
  CHECK_THROWS_WITH(expand_preset({.preset = "bert"}),
                    ContainsSubstring("'bert'") && ContainsSubstring("gpt, gpt2, gpt2-medium"));
  CHECK_THROWS_WITH(expand_preset({.preset = "vit", .depth = 2, .heads = 2, .width = 8}),
                    ContainsSubstring("model.patch is missing"));
}

TEST_CASE("A preset's dropout goes to its embedding and blocks") {
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
  CHECK(contains(
      failure({.layers = {told_entry("patch_embedding", {{"patch", "4"}, {"width", "8"}}),
                          told_entry("transformer_block", {{"heads", "2"}, {"dropout", "1"}})}},
              images(8, 10)),
      "transformer_block", "dropout is '1'", "from 0 to below 1"));
}

}  // namespace presets_test
