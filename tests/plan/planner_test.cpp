#include "plan/planner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "catch.h"
#include "made_up.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

const Plan* find(const PlanResult& result, const std::string& schedule, int microbatches) {
  for (const Plan& plan : result.plans) {
    const Candidate& c = plan.candidate;
    if (c.schedule == schedule && c.microbatches == microbatches &&
        c.recompute == Recompute::kNone && c.data == 1) {
      return &plan;
    }
  }
  return nullptr;
}

// The best of those that do not replicate the pipeline.
const Candidate& best_alone(const PlanResult& result) {
  return std::find_if(result.plans.begin(), result.plans.end(),
                      [](const Plan& plan) { return plan.candidate.data == 1; })
      ->candidate;
}

}  // namespace

TEST_CASE("Plans are ranked by step, and the step is the simulated one") {
  const PlanInputs inputs = MadeUp{}.inputs();
  const PlanResult result = search_plans(inputs, request(4, 1 << 30));
  REQUIRE(result.plans.size() > 10);
  for (std::size_t i = 1; i < result.plans.size(); ++i) {
    CHECK(result.plans[i - 1].step_seconds <= result.plans[i].step_seconds);
  }
  // Gradients leave first: 3 M + 2 (p - 1) of units of 2 layers x 4 rows, messages apart.
  const Plan* gpipe = find(result, "gpipe", 4);
  REQUIRE(gpipe != nullptr);
  CHECK(gpipe->step_seconds == Approx(8 * (3 * 4 + 2 * 3)).epsilon(1e-3));
  CHECK(gpipe->bubble_fraction == Approx(6 / 18.0).epsilon(1e-3));
  REQUIRE(result.configured);
  CHECK(result.configured->candidate.schedule == "1f1b");
}

TEST_CASE("Every schedule at the configured sizes is predicted, however slow") {
  const PlanResult result = search_plans(MadeUp{.fixed = 1}.inputs(), request(2, 1 << 30, 2));
  for (const std::string& name : schedule_names()) {
    INFO(name);
    if (name == "dualpipev" || name == "dualpipe") continue;  // they need M >= 4
    CHECK(find(result, name, 2) != nullptr);
  }
}

TEST_CASE("A cost of each microbatch weighs against a small bubble") {
  const auto best = [](double fixed) {
    return best_alone(search_plans(MadeUp{.fixed = fixed}.inputs(), request(2, 1 << 30)))
        .microbatches;
  };
  CHECK(best(0) == 16);
  CHECK(best(3) < 16);
}

TEST_CASE("What does not fit is left out; recompute comes in where memory is short") {
  const PlanInputs inputs = MadeUp{}.inputs();
  const PlanResult roomy = search_plans(inputs, request(2, 1 << 30));
  CHECK(roomy.beyond_memory == 0);
  CHECK(roomy.plans.front().candidate.recompute == Recompute::kNone);
  std::int64_t least = 1 << 30;
  for (const Plan& plan : roomy.plans) {
    if (plan.candidate.recompute == Recompute::kNone) least = std::min(least, plan.memory_bytes);
  }
  const PlanResult tight = search_plans(inputs, request(2, least - 1));
  REQUIRE(!tight.plans.empty());
  CHECK(tight.beyond_memory > 0);
  for (const Plan& plan : tight.plans) {
    CHECK(plan.memory_bytes < least);
    CHECK(plan.candidate.recompute == Recompute::kFull);
  }
}

TEST_CASE("Of parts that are made again only as many are as the limit asks for, cheapest first") {
  PlanInputs inputs = MadeUp{}.inputs();
  for (auto& [rows, layers] : inputs.model.measured) {
    for (LayerMeasure& layer : layers)
      layer.parts = {{1, takes(rows * kSaved, -1), takes(rows * kSaved)}};
  }
  RecomputedLayers all(inputs.model.layers.size(), {.parts = 1});
  inputs.recomputed[Recompute::kSelective] = all;
  inputs.recomputed.erase(Recompute::kFull);
  for (std::size_t layer = 0; layer < all.size(); ++layer) {
    inputs.parts.push_back({"layers." + std::to_string(layer) + ".mlp.hidden", layer, 0});
  }
  std::int64_t least = 1 << 30;
  for (const Plan& plan : search_plans(inputs, request(2, 1 << 30)).plans) {
    CHECK(plan.candidate.parts.empty());
    if (plan.candidate.recompute == Recompute::kNone) least = std::min(least, plan.memory_bytes);
  }
  const PlanResult tight = search_plans(inputs, request(2, least - 1));
  REQUIRE(!tight.plans.empty());
  const Candidate& best = tight.plans.front().candidate;
  CHECK(best.recompute == Recompute::kSelective);
  REQUIRE(!best.parts.empty());
  CHECK(best.parts.size() < all.size());
  CHECK(best.parts.front() == "layers.0.mlp.hidden");
}

TEST_CASE("If nothing fits, the least memory is that of a candidate, exactly") {
  const PlanInputs inputs = MadeUp{}.inputs();
  const PlanResult none = search_plans(inputs, request(2, 100));
  CHECK(none.plans.empty());
  const PlanResult just = search_plans(inputs, request(2, none.least_memory.memory_bytes));
  REQUIRE(!just.plans.empty());
  CHECK(just.plans.front().memory_bytes == none.least_memory.memory_bytes);
  CHECK(search_plans(inputs, request(2, none.least_memory.memory_bytes - 1)).plans.empty());
}

TEST_CASE("64 ranks are planned within the search's effort") {
  MadeUp made_up{.layers = 130, .batch_rows = 256};
  PlanRequest asked = request(64, std::int64_t{1} << 40, 256);
  asked.effort = 1e6;
  const PlanResult result = search_plans(made_up.inputs(), asked);
  CHECK(result.plans.size() >= 10);
  CHECK(result.not_reached > 0);
  CHECK(best_alone(result).pipeline == 64);
}

TEST_CASE("Steps that overlap take more of the search's effort") {
  PlanInputs inputs = MadeUp{}.inputs();
  PlanRequest asked = request(4, std::int64_t{1} << 40);
  for (asked.effort = 100; search_plans(inputs, asked).not_reached > 0;) asked.effort *= 2;
  inputs.versions = 2;
  CHECK(search_plans(inputs, asked).not_reached > 0);
}

TEST_CASE("auto is weighed with one, two and four stages per rank") {
  std::set<int> stages;
  for (const Plan& plan : search_plans(MadeUp{}.inputs(), request(2, 1 << 30)).plans) {
    if (plan.candidate.schedule == "auto") stages.insert(plan.candidate.virtual_stages);
  }
  CHECK(stages == std::set{1, 2, 4});
}

TEST_CASE("Replicas are weighed by the sum of their gradients, and by their memory") {
  MadeUp made_up{.parameters = 1 << 20};  // 4 MiB of gradients a layer
  PlanInputs inputs = made_up.inputs();
  const PlanResult fast = search_plans(inputs, request(4, std::int64_t{1} << 40));
  // Without a bubble, and messages cost nothing beside layers of a second a row.
  CHECK(fast.plans.front().candidate.data == 4);
  inputs.machine.message_bytes_per_second = 1e5;  // 160 s to sum up 8 layers
  const PlanResult slow = search_plans(inputs, request(4, std::int64_t{1} << 40));
  CHECK(slow.plans.front().candidate.data == 1);

  std::map<Shard, std::int64_t> least;  // memory of four replicas, by what is sharded
  for (const Plan& plan : fast.plans) {
    if (plan.candidate.data != 4 || plan.candidate.microbatches != 4) continue;
    least[plan.candidate.shard] = plan.memory_bytes;
    // Sharded parameters are gathered once, their gradients scattered after each microbatch.
    const std::int64_t times = plan.candidate.shard == Shard::kParameters ? 1 + 4 : 2;
    CHECK(plan.sent_bytes == times * 4 * 8 * made_up.parameters * 3 / 4);
  }
  REQUIRE(least.size() == 3);
  // 8 layers' two moments in float32, of which a replica keeps a quarter.
  CHECK(least[Shard::kNone] - least[Shard::kOptimizer] == 8 * made_up.parameters * 2 * 4 * 3 / 4);
  // Of weights a quarter beside the whole ones in use; of gradients a quarter and two layers'.
  CHECK(least[Shard::kOptimizer] - least[Shard::kParameters] ==
        4 * made_up.parameters * (2 * 8 - 8 / 4 - 8 - 8 / 4 - 2));

  made_up.batch_rows = 6;  // not in four equal parts
  for (const Plan& plan : search_plans(made_up.inputs(), request(4, std::int64_t{1} << 40)).plans) {
    CHECK(plan.candidate.data != 4);
  }
}

TEST_CASE("Ranks that share layers are weighed by their sums, and by their memory") {
  constexpr std::int64_t kSum = 1000;  // bytes of a row, in F and in I
  MadeUp made_up{.parameters = 1 << 20};
  PlanInputs inputs = made_up.inputs();
  // Of each layer half the work and half the parameters.
  ModelProfile shared = MadeUp{.seconds = 0.5, .parameters = 1 << 19}.inputs().model;
  shared.tensor = 2;
  for (auto& [rows, layers] : shared.measured) {
    for (LayerMeasure& layer : layers) {
      layer.forward_sums = layer.backward_input_sums = {1, rows * kSum};
    }
  }
  inputs.other_forms[{2, DType::kFloat32}] = std::move(shared);
  const auto predicted = [&](int tensor) {
    return Predictor(inputs).predict({.tensor = tensor, .microbatches = 4},
                                     generate("1f1b", 1, 1, 4), std::int64_t{1} << 40);
  };
  const Plan fast = predicted(2);
  // 16 rows through 8 layers of half a second a row, thrice; 128 kB summed in F and in I.
  CHECK(fast.step_seconds == Approx(16 * 8 * 1.5).epsilon(1e-3));
  CHECK(fast.sent_bytes == 2 * (2 * 16 * 8 * kSum) / 2);
  // Weights, gradients and two moments of half the parameters.
  CHECK(predicted(1).memory_bytes - fast.memory_bytes == 4 * 4 * 8 * (1 << 19));
  const auto best = [&] {
    return search_plans(inputs, request(2, std::int64_t{1} << 40)).plans.front().candidate;
  };
  inputs.batch_rows = 15;  // not for two replicas
  CHECK(best().tensor == 2);
  inputs.batch_rows = 16;
  inputs.machine.message_bytes_per_second = 1e3;
  inputs.machine.message_latency_seconds = 1;
  // A sum over two ranks sends half of it twice, each with a latency.
  const double sums = 4 * 8 * 2 * 2 * 1.0 + 2 * 16 * 8 * kSum / 1e3;
  CHECK(predicted(2).step_seconds == Approx(fast.step_seconds + sums).epsilon(1e-3));
  CHECK(best().tensor == 1);
}

TEST_CASE("One pipeline over all ranks is compared in the precision of the best plan") {
  PlanResult result;
  const auto add = [&](int pipeline, DType precision) {
    result.plans.emplace_back().candidate = {
        .data = 4 / pipeline, .pipeline = pipeline, .precision = precision};
  };
  add(2, DType::kBFloat16);
  add(4, DType::kFloat32);
  CHECK(&best_pipeline(result, 4) == &result.plans[0]);  // there is none
  add(4, DType::kBFloat16);
  add(4, DType::kBFloat16);
  CHECK(&best_pipeline(result, 4) == &result.plans[2]);
}

// The last layer takes as long as all others together.
TEST_CASE("A head that weighs on one rank is shared out where a run would take that") {
  PlanInputs inputs = MadeUp{.layers = 9, .batch_rows = 16}.inputs();
  for (auto& [rows, layers] : inputs.model.measured) {
    layers.back() = made_up_layer(rows, 8, 0);
  }
  PlanRequest request{.ranks = 4, .memory_bytes = 1'000'000'000};
  request.configured = {.pipeline = 4, .microbatches = 16};
  const PlanResult whole = search_plans(inputs, request);
  for (const Plan& plan : whole.plans) CHECK_FALSE(plan.candidate.cuts_vocabulary());
  request.pieces = true;
  const PlanResult shared = search_plans(inputs, request);
  const auto best = std::ranges::find_if(
      shared.plans, [](const Plan& plan) { return plan.candidate.pipeline == 4; });
  REQUIRE(best != shared.plans.end());
  CHECK(best->candidate.cuts_vocabulary());
  CHECK(best->first_layers.size() == static_cast<std::size_t>(4 * best->candidate.virtual_stages));
  CHECK(best->first_layers.back() < 8);  // the head is in no stage
  const auto best_whole = std::ranges::find_if(
      whole.plans, [](const Plan& plan) { return plan.candidate.pipeline == 4; });
  REQUIRE(best_whole != whole.plans.end());
  CHECK(best->step_seconds < 0.8 * best_whole->step_seconds);
  CHECK(text_of(best->candidate, 4).find("the vocabulary over the pipeline") != std::string::npos);
  for (const auto& place : kVocabularyPlaces) {
    CHECK(std::ranges::any_of(
        shared.plans, [&](const Plan& plan) { return plan.candidate.vocabulary == place.value; }));
  }
}
