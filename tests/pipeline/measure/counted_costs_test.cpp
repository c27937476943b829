#include "pipeline/measure/counted_costs.h"

#include <vector>

#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace counted_costs_test {

TEST_CASE("Costs are counted by shapes, alike for layers that are alike") {
  ModelConfig config{.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  const LayerList layers =
      build_layers(config, {.row = {4}, .vocabulary = 13, .classes = 13}, {}, DType::kFloat32);
  RecomputedLayers recomputed(layers.size());
  recomputed[2].whole = true;
  const std::vector<StageCost> costs = counted_costs(layers, recomputed, 2);
  REQUIRE(costs.size() == layers.size());
  CHECK(costs[1].forward > 0);
  CHECK(costs[1].forward == costs[3].forward);  // two attentions
  CHECK(costs[1].recompute == 0);
  CHECK(costs[2].recompute == costs[2].forward);
  CHECK(counted_costs(layers, recomputed, 4)[1].forward == 2 * costs[1].forward);
}

}  // namespace counted_costs_test
