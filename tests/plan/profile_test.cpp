#include "plan/profile.h"

#include <cstdint>
#include <map>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

TEST_CASE("Layers between measured sizes lie on a line, memory grows in proportion") {
  PlanInputs inputs = MadeUp{.seconds = 2, .fixed = 3}.inputs();
  auto& measured = inputs.model.measured;
  std::erase_if(measured, [](const auto& size) { return size.first != 2 && size.first != 4; });
  for (const std::int64_t rows : {1, 3, 8}) {
    const LayerMeasure layer = layers_at(inputs.model, rows).front();
    CHECK(layer.cost.forward == Approx(2.0 * static_cast<double>(rows) + 3));
    CHECK(layer.forward.after == Blocks{{rows * kSaved, 1}});
  }
}

TEST_CASE("A size that was measured is as it was measured") {
  PlanInputs inputs = MadeUp{}.inputs();
  inputs.model.measured[5][2].cost.forward = 77;
  CHECK(layers_at(inputs.model, 5)[2].cost.forward == 77);
}

TEST_CASE("From one measured size alone costs go in proportion to the rows") {
  PlanInputs inputs = MadeUp{.seconds = 2, .fixed = 3}.inputs();
  std::erase_if(inputs.model.measured, [](const auto& size) { return size.first != 4; });
  CHECK(layers_at(inputs.model, 8).front().cost.forward == Approx(2 * (2 * 4 + 3)));
  CHECK(layers_at(inputs.model, 1).front().cost.backward_weight == Approx((2 * 4 + 3) / 4.0));
}

// Noise: four rows faster than two. The line would be below 0 at eight.
TEST_CASE("A line that falls is held up by half of what the faster size takes a row") {
  PlanInputs inputs = MadeUp{}.inputs();
  std::erase_if(inputs.model.measured,
                [](const auto& size) { return size.first != 2 && size.first != 4; });
  for (auto& layer : inputs.model.measured[2]) layer.cost.forward = 10;
  for (auto& layer : inputs.model.measured[4]) layer.cost.forward = 4;
  CHECK(layers_at(inputs.model, 8).front().cost.forward == Approx(0.5 * 8 * 1));
}

TEST_CASE("Blocks and sums grow with the rows from the nearest size, by the pool's rule") {
  PlanInputs inputs = MadeUp{.layers = 1}.inputs();
  auto& measured = inputs.model.measured;
  std::erase_if(measured, [](const auto& size) { return size.first != 4; });
  inputs.model.block_bytes = [](std::int64_t bytes) { return (bytes + 999) / 1000 * 1000; };
  LayerMeasure& layer = measured[4].front();
  layer.forward_sums = {.count = 3, .bytes = 400};
  layer.kept = {{77, 1}};
  const LayerMeasure found = layers_at(inputs.model, 5).front();
  CHECK(found.forward.after == Blocks{{5 * kSaved, 1}});
  CHECK(found.backward_weight.after == Blocks{{2000, -1}});  // 5 x 300, rounded up
  CHECK(found.forward_sums.count == 3);
  CHECK(found.forward_sums.bytes == 500);
  CHECK(found.kept == Blocks{{77, 1}});
}

TEST_CASE("Parameters are counted once under one name") {
  PlanInputs inputs = MadeUp{.layers = 4}.inputs();
  CHECK(parameter_elements(inputs.model) == 4 * 5);
  inputs.model.layers[3].parameters[0].name = inputs.model.layers[0].parameters[0].name;
  CHECK(parameter_elements(inputs.model) == 3 * 5);
}

TEST_CASE("A message takes its latency and its bytes; a sum is scattered and gathered") {
  const MachineProfile machine{.message_latency_seconds = 2, .message_bytes_per_second = 10};
  CHECK(machine.message_seconds(50) == Approx(2 + 5));
  // 3 messages each way for each of 2 sums, and 3 quarters of all bytes each way.
  CHECK(machine.sum_seconds({.count = 2, .bytes = 80}, 4) == Approx(2 * 3 * 2 * 2 + 2 * 3 * 8 / 4));
  CHECK(machine.sum_seconds({.count = 2, .bytes = 80}, 1) == 0);
}
