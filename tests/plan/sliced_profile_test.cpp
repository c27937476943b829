#include "plan/sliced_profile.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "made_up.h"
#include "plan/planner.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kAnyMemory = std::int64_t{1} << 40;
constexpr ModelForm kWholeLayers{1, DType::kFloat32};

// Each of n slices takes 1/n of the memory of its rows, and `each` times what they take of time.
PlanInputs sliced_inputs(int slices, double each) {
  PlanInputs inputs = MadeUp{}.inputs();
  std::vector<ModelProfile>& parts = inputs.sliced[{kWholeLayers, slices}];
  for (int s = 0; s < slices; ++s) {
    ModelProfile& part = parts.emplace_back(inputs.model);
    for (LayerFacts& layer : part.layers) {
      layer.input_row_bytes /= slices;
      layer.output_row_bytes /= slices;
    }
    for (auto& [rows, layers] : part.measured) {
      for (LayerMeasure& layer : layers) {
        layer = made_up_layer(rows, each, 0);
        layer.forward = takes(rows * kSaved / slices);
        layer.backward_input =
            then(takes(rows * kForWeights / slices), takes(rows * kSaved / slices, -1));
        layer.backward_weight = takes(rows * kForWeights / slices, -1);
        layer.forward_sums = {1, 10 + s};
        layer.parts = {{each, {}, {}}};
      }
    }
  }
  for (auto& [rows, layers] : inputs.model.measured) {
    for (LayerMeasure& layer : layers) layer.parts = {{1, {}, {}}};
  }
  inputs.kept_for_slices = {Recompute::kNone};
  return inputs;
}

Plan plan_in_slices(const PlanInputs& inputs, const Candidate& candidate) {
  const Schedule schedule =
      generate(candidate.schedule, candidate.pipeline, 1, candidate.microbatches, candidate.slices);
  return Predictor(inputs).predict(candidate, schedule, kAnyMemory);
}

}  // namespace

TEST_CASE("Layers cost what all of their slices do, and so do sums and parts") {
  const PlanInputs inputs = sliced_inputs(2, 0.75);
  std::vector<LayerMeasure> layers = layers_at(inputs.model, 4);
  CHECK(layers[0].cost.forward == Approx(4));
  take_costs_of_slices(inputs.sliced.at({kWholeLayers, 2}), 4, layers);
  CHECK(layers[0].cost.forward == Approx(2 * 0.75 * 4));
  CHECK(layers[7].cost.total() == Approx(3 * 2 * 0.75 * 4));
  CHECK(layers[3].forward_sums.count == 2);
  CHECK(layers[3].forward_sums.bytes == 21);
  CHECK(layers[3].parts[0].seconds == Approx(1.5));
  CHECK(layers[3].forward.after.at(4 * kSaved) == 1);  // memory is that of whole sequences
}

// Gradients leave first: 3 M + 2 (p - 1) / n units, each of 2 layers and 4 rows.
TEST_CASE("A plan of slices has their bubble, their overhead and their memory") {
  const Candidate whole{.pipeline = 4, .schedule = "gpipe", .microbatches = 4};
  Candidate sliced = whole;
  sliced.slices = 2;
  const PlanInputs inputs = sliced_inputs(2, 0.5), slow = sliced_inputs(2, 0.75);
  CHECK(plan_in_slices(inputs, sliced).step_seconds == Approx(8 * (3 * 4 + 3)).epsilon(1e-3));
  CHECK(plan_in_slices(inputs, sliced).bubble_fraction == Approx(3 / 15.0).epsilon(1e-3));
  CHECK(plan_in_slices(inputs, sliced).busy_seconds ==
        Approx(plan_in_slices(inputs, whole).busy_seconds));
  CHECK(plan_in_slices(slow, sliced).busy_seconds ==
        Approx(1.5 * plan_in_slices(slow, whole).busy_seconds));
  Candidate one = whole, two = sliced;
  one.schedule = two.schedule = "1f1b";  // 4 microbatches on the first rank; 5 halves
  const std::int64_t saved =
      plan_in_slices(inputs, one).tensor_bytes[0] - plan_in_slices(inputs, two).tensor_bytes[0];
  CHECK(static_cast<double>(saved) == Approx(2 * 4 * 1.5 * kSaved).epsilon(0.1));
}

TEST_CASE("A slice's message has its part of the bytes and a latency of its own") {
  PlanInputs inputs = sliced_inputs(2, 0.5);
  inputs.machine.message_latency_seconds = 3;
  inputs.machine.message_bytes_per_second = 10;
  Candidate candidate{.pipeline = 4, .schedule = "gpipe", .microbatches = 4};
  const double whole = Predictor(inputs).costs(candidate, Placement::loop(4)).message;
  candidate.slices = 2;
  const double both = Predictor(inputs).costs(candidate, Placement::loop(4)).message;
  CHECK(whole == Approx(3 + 4 * kInput / 10.0));
  CHECK(both == Approx(2 * 3 + 4 * kInput / 10.0));
}

TEST_CASE("A search weighs slices where a run would take them") {
  PlanRequest asked = request(4, kAnyMemory, 2);
  asked.slices = {2};
  PlanInputs inputs = sliced_inputs(2, 0.5);
  const auto found = [&] {
    std::set<std::string> names;
    for (const Plan& plan : search_plans(inputs, asked).plans) {
      const Candidate& c = plan.candidate;
      if (c.slices == 1) continue;
      CHECK(c.slices == 2);
      CHECK(c.recompute == Recompute::kNone);
      CHECK(c.shard != Shard::kParameters);
      CHECK(c.pipeline > 1);
      names.insert(c.schedule);
    }
    return names;
  };
  for (const ScheduleKind& kind : schedule_kinds()) {
    INFO(kind.name);
    CHECK(found().contains(std::string(kind.name)) == kind.takes_slices);
  }
  const PlanResult result = search_plans(inputs, asked);
  const auto with = [&](int slices) {
    return *std::ranges::find_if(result.plans, [&](const Plan& plan) {
      Candidate same = asked.configured;
      same.slices = slices;
      same.recompute = Recompute::kNone;
      return plan.candidate == same;
    });
  };
  CHECK(with(2).step_seconds < with(1).step_seconds);  // two microbatches on four ranks
  inputs.versions = 2;
  CHECK(found().empty());
  inputs.versions = 1;
  inputs.post_validation = true;
  CHECK(found().empty());
  inputs.post_validation = false;
  asked.slices = {};
  CHECK(found().empty());
}

TEST_CASE("The configuration's own slices are predicted, unless they were not measured") {
  PlanRequest asked = request(4, kAnyMemory, 2);
  asked.configured.slices = 2;
  asked.configured_schedule = generate("1f1b", 4, 1, 2, 2);
  const PlanResult result = search_plans(sliced_inputs(2, 0.5), asked);
  REQUIRE(result.configured);
  CHECK(result.configured->candidate.slices == 2);
  CHECK(result.configured->bubble_fraction < 0.45);  // of whole ones 50%
  CHECK_FALSE(search_plans(sliced_inputs(4, 0.5), asked).configured);
}
