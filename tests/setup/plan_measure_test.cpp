#include "setup/plan_measure.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace plan_measure_test {

namespace {

Config gpt(int heads) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = heads, .width = 24, .context = 4};
  config.train.batch_size = 8;
  return config;
}

PlanInputs measured(const Config& config, int ranks, const Source* source,
                    const std::vector<DType>& precisions = {}) {
  PlanRequest request{.ranks = ranks, .precisions = precisions};
  request.configured.microbatches = 2;
  ThreadCrew crew(1, 1);
  const FixedSource rows = FixedSource::counting(8, 4, 13);
  return measure_plan_inputs(config, data_shape_of(rows), source, request, crew, /*seconds=*/0);
}

}  // namespace

TEST_CASE("Planning has the times and memory of every layer, at two sizes at least") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const PlanInputs inputs = measured(gpt(2), 1, &source);
  CHECK(inputs.batch_rows == 8);
  CHECK(inputs.moments == 2);
  CHECK(inputs.model.layers.size() == 7);
  REQUIRE(inputs.model.measured.size() >= 2);
  for (const auto& [rows, layers] : inputs.model.measured) {
    CAPTURE(rows);
    CHECK(rows >= 1);
    CHECK(rows <= 8);
    REQUIRE(layers.size() == 7);
    for (const LayerMeasure& layer : layers) CHECK(layer.cost.forward > 0);
  }
  CHECK(inputs.machine.update_seconds_per_element > 0);
  CHECK(inputs.machine.read_seconds_per_row > 0);
  CHECK(inputs.machine.message_bytes_per_second > 0);
  CHECK(inputs.machine.process_bytes > 0);
  CHECK(inputs.machine.measure_seconds > 0);
}

TEST_CASE("Ranks that read no data measure the rest") {
  const PlanInputs inputs = measured(gpt(2), 1, nullptr);
  CHECK(inputs.machine.read_seconds_per_row == 0);
  CHECK(inputs.model.measured.size() >= 2);
}

TEST_CASE("Slices of the layers are measured where the ranks could share them") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const PlanInputs shared = measured(gpt(2), 2, &source);
  REQUIRE(shared.other_forms.size() == 1);
  CHECK(shared.other_forms.begin()->second.tensor == 2);
  CHECK(shared.other_forms.begin()->second.measured.size() >= 2);
  CHECK(measured(gpt(3), 2, &source).other_forms.empty());  // three heads are not two halves
  CHECK(measured(gpt(2), 1, &source).other_forms.empty());
}

TEST_CASE("Slices of sequences are measured where they are to be weighed") {
  PlanRequest request{.ranks = 1, .slices = {2, 4}};
  request.configured.microbatches = 2;
  ThreadCrew crew(2, 1);
  const FixedSource rows = FixedSource::counting(8, 4, 13);
  const PlanInputs inputs =
      measure_plan_inputs(gpt(2), data_shape_of(rows), nullptr, request, crew, /*seconds=*/0);
  CHECK(inputs.sliced.size() == 2);
  for (const int slices : {2, 4}) {
    CAPTURE(slices);
    const auto& parts = inputs.sliced.at({ModelForm{1, DType::kFloat32}, slices});
    REQUIRE(parts.size() == static_cast<std::size_t>(slices));
    std::int64_t row_bytes = 0;
    for (const ModelProfile& part : parts) {
      row_bytes += part.layers[1].input_row_bytes;
      REQUIRE(part.measured.contains(4));  // rows of the configuration's microbatches
      for (const LayerMeasure& layer : part.measured.at(4)) {
        CHECK(layer.cost.forward > 0);
        CHECK(layer.cost.backward_weight > 0);
      }
    }
    CHECK(row_bytes == inputs.model.layers[1].input_row_bytes);
  }
  CHECK(inputs.kept_for_slices.contains(Recompute::kCheap));
  CHECK_FALSE(inputs.kept_for_slices.contains(Recompute::kFull));
  CHECK(measured(gpt(2), 1, nullptr).sliced.empty());
}

TEST_CASE("Other precisions are measured, of transformers and of convolutions") {
  const std::vector<DType> both = {DType::kFloat32, DType::kBFloat16};
  const PlanInputs inputs = measured(gpt(2), 1, nullptr, both);
  REQUIRE(inputs.other_forms.size() == 1);
  CHECK(inputs.other_forms.begin()->first == ModelForm{1, DType::kBFloat16});
  CHECK(inputs.other_forms.begin()->second.measured.size() >= 2);
  Config convolutions = gpt(2);
  convolutions.model.preset = "classifier";
  CHECK(measured(convolutions, 1, nullptr, both).other_forms.size() == 1);
}

TEST_CASE("Stages are cut by their layers' times, on ranks of several by those of each rank") {
  const PlanInputs inputs = measured(gpt(2), 1, nullptr);
  const std::vector<double> costs = {4, 1, 1, 1, 1, 1, 1};
  CHECK(inputs.cut(costs, Placement::loop(2), {}) == Partition{0, 2});
  CHECK(inputs.cut(costs, Placement::loop(2, 2), {}).size() == 4);
  CHECK(inputs.cut(costs, Placement::loop(1, 3), {}).size() == 3);
}

}  // namespace plan_measure_test
