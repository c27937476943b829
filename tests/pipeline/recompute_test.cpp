#include "pipeline/recompute.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "small_model.h"

using namespace pipetrain;

namespace {

using Mask = std::vector<bool>;

PipelineConfig listed(std::vector<std::string> layers) {
  PipelineConfig config;
  config.recompute = Recompute::kList;
  config.recompute_layers = std::move(layers);
  return config;
}

Mask mask_of(Recompute choice) {
  PipelineConfig config;
  config.recompute = choice;
  return recomputed_layers(config, SmallModel().layers);
}

std::string failure(const PipelineConfig& config,
                    const std::vector<std::unique_ptr<Layer>>& layers) {
  try {
    recomputed_layers(config, layers);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

// embedding, attention, mlp, attention, mlp, layer_norm, linear
TEST_CASE("A word or a list of names and numbers says which layers are recomputed") {
  CHECK(mask_of(Recompute::kNone) == Mask(7, false));
  CHECK(mask_of(Recompute::kFull) == Mask(7, true));
  CHECK(mask_of(Recompute::kAttention) == Mask{0, 1, 0, 1, 0, 0, 0});
  CHECK(recomputed_layers(listed({"layers.3.attention", "0", "6", "3"}), SmallModel().layers) ==
        Mask{1, 0, 0, 1, 0, 0, 1});
}

TEST_CASE("A layer that does not exist is refused with the nearest one") {
  const SmallModel model;
  CHECK(contains(failure(listed({"1", "layers.3.atention"}), model.layers), "pipeline.recompute",
                 "'layers.3.atention'", "'layers.3.attention'"));
  CHECK(contains(failure(listed({"7"}), model.layers), "'7'", "'layers.6.linear'", "0 to 6"));
  CHECK(contains(failure(listed({"-1"}), model.layers), "'-1'"));
  CHECK(contains(failure(listed({"99999999999999999999"}), model.layers), "0 to 6"));
  PipelineConfig attention;
  attention.recompute = Recompute::kAttention;
  const auto none = build_layers({.layers = {{.kind = "embedding", .options = {{"width", "8"}}}}},
                                 {.row = {kTokens}, .vocabulary = kVocabulary});
  CHECK(contains(failure(attention, none), "attention", "no attention layer"));
}
