#include "nn/presets/start_schemes.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace start_schemes_test {

TEST_CASE("Starting values are the preset's, those of the scheme that init names, or GPT-2's") {
  CHECK(start_scheme_of({.preset = "vit"}).name == "vit");
  CHECK(start_scheme_of({.preset = "classifier"}).name == "gpt2");
  CHECK(start_scheme_of({.preset = "vit", .init = "torch"}).name == "torch");
  CHECK(start_scheme_of({}).name == "gpt2");
  CHECK(start_scheme_names() ==
        std::vector<std::string>{"gpt2", "llama", "resnet", "vit", "torch"});
}

TEST_CASE("A standard deviation that the scheme would ignore is refused") {
  CHECK_NOTHROW(start_scheme_of({.init = "llama", .init_std = 0.1}));
  CHECK_NOTHROW(start_scheme_of({.preset = "gpt", .init_std = 0.1}));
  for (const ModelConfig& config : {ModelConfig{.preset = "resnet", .init_std = 0.1},
                                    ModelConfig{.init = "torch", .init_std = 1}}) {
    CHECK_THROWS_WITH(start_scheme_of(config),
                      ContainsSubstring("model.init_std") && ContainsSubstring("gpt2, llama, vit"));
  }
}

}  // namespace start_schemes_test
