// Which layers of a family see a window alone, and which turn queries and keys, by the keys of its
// config.json and by their defaults.
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

json golden_config(const std::string& family, int depth) {
  json config;
  std::ifstream(std::string(PIPETRAIN_GOLDEN) + "/hf_" + family + "/config.json") >> config;
  config["num_hidden_layers"] = depth;
  for (const char* key : {"layer_types", "no_rope_layers"}) config.erase(key);
  return config;
}

}  // namespace

TEST_CASE("Mistral has a window in all layers, of 4096 tokens unless told") {
  json config = golden_config("mistral", 3);
  CHECK(parsed(config).window == 4);
  CHECK(parsed(config).windowed.empty());
  config["sliding_window"] = json();
  CHECK(parsed(config).window == 0);
  config.erase("sliding_window");
  CHECK(parsed(config).window == 4096);
}

TEST_CASE("Qwen's last layers have a window, where that is allowed") {
  json config = golden_config("qwen2", 3);
  CHECK(parsed(config).windowed == std::vector<bool>{false, true, true});
  config["layer_types"] = {"sliding_attention", "full_attention", "full_attention"};
  CHECK(parsed(config).windowed == std::vector<bool>{true, false, false});
  config["max_window_layers"] = 0;
  config.erase("layer_types");
  CHECK(parsed(config).windowed.empty());
  CHECK(parsed(config).window == 5);
  config["use_sliding_window"] = false;
  CHECK(parsed(config).window == 0);
  config["use_sliding_window"] = true;
  config["layer_types"] = {"sliding_attention", "other", "full_attention"};
  CHECK(contains(error_of([&] { parsed(config); }, ExitCode::kCheckpoint),
                 "expected full_attention or sliding_attention"));
  config["layer_types"] = {"sliding_attention"};
  CHECK(contains(error_of([&] { parsed(config); }, ExitCode::kCheckpoint), "a list of 3 entries"));
}

TEST_CASE("Gemma 2 has a window in every other layer, and caps that may be null") {
  json config = golden_config("gemma2", 3);
  CHECK(parsed(config).windowed == std::vector<bool>{true, false, true});
  CHECK(parsed(config).score_cap == 2);
  config["attn_logit_softcapping"] = json();
  config.erase("final_logit_softcapping");
  CHECK(parsed(config).score_cap == 0);
  CHECK(parsed(config).logit_cap == 30);
}

TEST_CASE("Each fourth layer of SmolLM3 has no positions, unless a list says otherwise") {
  json config = golden_config("smollm3", 5);
  CHECK(parsed(config).turned == std::vector<bool>{true, true, true, false, true});
  config["no_rope_layers"] = {1, 1, 1, 1, 1};
  CHECK(parsed(config).turned.empty());
  config["no_rope_layers"] = {1, 1, 0, 1, 2};
  CHECK(contains(error_of([&] { parsed(config); }, ExitCode::kCheckpoint), "1 where positions"));
}
