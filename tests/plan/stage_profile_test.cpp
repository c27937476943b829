#include "plan/stage_profile.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

namespace {

constexpr int kRows = 2;
constexpr Recomputed kWhole{.whole = true};
constexpr std::int64_t kX = kRows * kInput, kF = kRows * kSaved, kW = kRows * kForWeights;

// Layers 1 and 2 of four.
StageProfile profile(const RecomputedLayers& recomputed, bool last = false) {
  const PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  return stage_profile(inputs.model, layers_at(inputs.model, kRows), kRows, {1, 3, last},
                       recomputed);
}

// Of blocks without those of which there are none.
Blocks there(Blocks blocks) {
  std::erase_if(blocks, [](const auto& block) { return block.second == 0; });
  return blocks;
}

}  // namespace

TEST_CASE("A stage costs what its layers do, and keeps what they keep") {
  const StageProfile stage = profile(RecomputedLayers(4));
  CHECK(stage.cost.forward == 2 * kRows);
  CHECK(stage.cost.backward_input == 2 * kRows);
  CHECK(stage.cost.backward_weight == 2 * kRows);
  CHECK(stage.cost.recompute == 0);
  CHECK(stage.forward.after == Blocks{{kF, 2}});
  CHECK(there(stage.forgetting_forward.after) == Blocks{{kF, 2}});
  CHECK(there(stage.backward_input.after) == Blocks{{kF, -2}, {kW, 2}});
  CHECK(stage.backward_weight.after == Blocks{{kW, -2}});
}

TEST_CASE("A run of recomputed layers keeps a copy of its input, and R makes the rest") {
  const StageProfile stage = profile(RecomputedLayers(4, kWhole));
  CHECK(stage.cost.recompute == 2 * kRows);
  CHECK(there(stage.forgetting_forward.after) == Blocks{{kX, 1}});
  CHECK(stage.forgetting_forward.most.at(kF) == 1);  // one layer at a time
  CHECK(there(stage.recompute.after) == Blocks{{kF, 2}, {kX, -1}});
  CHECK(stage.forward.after == Blocks{{kF, 2}});  // where no R will follow
}

TEST_CASE("Messages of half the bytes are converted as a stage begins and as it ends") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  const auto stage_of = [&](const StageCut& cut) {
    return stage_profile(inputs.model, layers_at(inputs.model, kRows), kRows, cut,
                         RecomputedLayers(4));
  };
  const StageProfile whole = stage_of({1, 3, false});
  inputs.model.halves_messages = true;
  const StageProfile half = stage_of({1, 3, false});
  CHECK(half.input_bytes == whole.input_bytes / 2);
  CHECK(half.output_bytes == whole.output_bytes / 2);
  // What comes in and goes out is a message; the layers' own tensors are as before.
  CHECK(there(half.forward.after) == there(whole.forward.after));
  CHECK(half.forward.most.at(kX) == 1);
  CHECK(half.evaluation.most.at(kX) == 1);
  CHECK(half.backward_input.most.at(kX) == 1);
  // Data come as they are, and behind the last stage nothing goes on.
  CHECK(stage_of({0, 4, true}).input_bytes == kRows * kInput);
  CHECK_FALSE(stage_of({0, 4, true}).forward.most.contains(kX));
}

TEST_CASE("Only what is recomputed is forgotten") {
  const StageProfile stage = profile({{}, {}, kWhole, {}});
  CHECK(stage.cost.recompute == kRows);
  CHECK(there(stage.forgetting_forward.after) == Blocks{{kF, 1}, {kX, 1}});
  CHECK(there(stage.recompute.after) == Blocks{{kF, 1}, {kX, -1}});
}

TEST_CASE("Before the loss a recomputed stage forgets its output, and R leaves it to the loss") {
  const StageProfile stage = profile(RecomputedLayers(4, kWhole), true);
  CHECK(there(stage.forgetting_forward.after).empty());
  CHECK(there(stage.recompute.after) == Blocks{{kF, 2}});
}

TEST_CASE("Parts that are made again are forgotten after F, and made before the layer's own I") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  for (LayerMeasure& layer : inputs.model.measured[kRows]) {
    layer.parts = {{5, takes(70, -1), takes(70)}, {3, takes(90, -1), takes(90)}};
    layer.forward = then(layer.forward, then(takes(70), takes(90)));
    layer.backward_weight = then(layer.backward_weight, then(takes(70, -1), takes(90, -1)));
  }
  const StageProfile stage =
      stage_profile(inputs.model, layers_at(inputs.model, kRows), kRows, {1, 3, false},
                    {{.parts = 3}, {.parts = 1}, {.parts = 2}, {.parts = 3}});
  CHECK(stage.cost.remake == 5 + 3);
  CHECK(stage.cost.recompute == 0);
  CHECK(there(stage.forgetting_forward.after) == Blocks{{kF, 2}, {70, 1}, {90, 1}});
  CHECK(there(stage.forward.after) == Blocks{{kF, 2}, {70, 2}, {90, 2}});
  CHECK(there(stage.remaking_backward_input.after) == Blocks{{kF, -2}, {kW, 2}, {70, 1}, {90, 1}});
  CHECK(there(stage.remaking_backward.after) == Blocks{{kF, -2}, {70, -1}, {90, -1}});
  CHECK(there(stage.backward.after) == Blocks{{kF, -2}, {70, -2}, {90, -2}});
  CHECK(stage.backward_input.most.at(kW) == 2);
  CHECK(stage.backward.most.at(kW) == 1);  // one layer at a time
}

TEST_CASE("A stage's messages are the rows of its first layer's input and its last one's output") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  inputs.model.layers[1].input_row_bytes = 3;
  inputs.model.layers[2].output_row_bytes = 5;
  inputs.model.measured[kRows][1].kept = {{70, 1}};
  inputs.model.measured[kRows][2].kept = {{70, 2}};
  const StageProfile stage = stage_profile(inputs.model, layers_at(inputs.model, kRows), kRows,
                                           {1, 3, false}, RecomputedLayers(4));
  CHECK(stage.input_bytes == kRows * 3);
  CHECK(stage.output_bytes == kRows * 5);
  CHECK(stage.kept == Blocks{{70, 3}});
}
