#include "exchange/hf_activation.h"

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "hf_models.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("Activations come back from their words; GELU's tanh form has several") {
  const auto read = [](const json& config) {
    return parse_hf_activation(HfFields(config, "config.json"), "act", MlpActivation::kRelu);
  };
  for (const MlpActivation activation :
       {MlpActivation::kGelu, MlpActivation::kExactGelu, MlpActivation::kRelu}) {
    CHECK(read({{"act", hf_activation(activation)}}) == activation);
  }
  for (const char* word : {"gelu_new", "gelu_fast", "gelu_pytorch_tanh"}) {
    CHECK(read({{"act", word}}) == MlpActivation::kGelu);
  }
  CHECK(read(json::object()) == MlpActivation::kRelu);
  CHECK(contains(error_of([&] { read({{"act", "silu"}}); }, ExitCode::kCheckpoint),
                 "act is \"silu\"; expected gelu or gelu_new"));
}
