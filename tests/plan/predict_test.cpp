#include "plan/predict.h"

#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kNoLimit = std::int64_t{1} << 40;

Plan predicted(const PlanInputs& inputs, const Candidate& candidate,
               std::int64_t limit = kNoLimit) {
  const Schedule schedule = generate(candidate.schedule, candidate.pipeline,
                                     candidate.virtual_stages, candidate.microbatches);
  return Predictor(inputs).predict(candidate, schedule, limit);
}

}  // namespace

// Gradients leave first: 3 M + 2 (p - 1) units, each of 2 layers and 4 rows.
TEST_CASE("A step is what its schedule takes with the stages' costs") {
  const PlanInputs inputs = MadeUp{}.inputs();
  const Plan plan = predicted(inputs, {.pipeline = 4, .schedule = "gpipe", .microbatches = 4});
  CHECK(plan.step_seconds == Approx(8 * (3 * 4 + 2 * 3)).epsilon(1e-3));
  CHECK(plan.bubble_fraction == Approx(6 / 18.0).epsilon(1e-3));
  CHECK(plan.busy_seconds == Approx(8 * 3 * 4));
  CHECK(plan.first_layers == std::vector<int>{0, 2, 4, 6});
  // A rank between sends all rows on, and their gradients back.
  CHECK(plan.sent_bytes == 2 * 16 * kInput);
}

TEST_CASE("Steps that overlap take what the ranks compute, in the memory of two versions") {
  PlanInputs inputs = MadeUp{}.inputs();
  const Candidate candidate{.pipeline = 4, .schedule = "1f1b", .microbatches = 8};
  const Plan plain = predicted(inputs, candidate);
  inputs.versions = 2;
  const Plan delayed = predicted(inputs, candidate);
  CHECK(delayed.busy_seconds == plain.busy_seconds);
  CHECK(plain.step_seconds > 1.2 * plain.busy_seconds);
  CHECK(delayed.step_seconds < 1.02 * delayed.busy_seconds);
  CHECK(delayed.bubble_fraction < 0.02);
  CHECK(delayed.memory_bytes > plain.memory_bytes);
}

TEST_CASE("Where no update waits for the norm a step takes what the ranks compute, and copies") {
  PlanInputs inputs = MadeUp{}.inputs();
  const Candidate candidate{.pipeline = 4, .schedule = "zb-h2", .microbatches = 8};
  const Plan plain = predicted(inputs, candidate);
  inputs.post_validation = true;
  const Plan early = predicted(inputs, candidate);
  CHECK(early.busy_seconds == plain.busy_seconds);
  CHECK(plain.step_seconds > 1.05 * plain.busy_seconds);
  CHECK(early.step_seconds < plain.step_seconds);
  CHECK(early.bubble_fraction < plain.bubble_fraction);
  CHECK(early.memory_bytes > plain.memory_bytes);
}

TEST_CASE("Steps that overlap on shared cores take as long as the cores have work") {
  PlanInputs inputs = MadeUp{}.inputs();
  inputs.versions = 2;
  const Candidate candidate{.pipeline = 4, .schedule = "1f1b", .microbatches = 8};
  const Plan alone = predicted(inputs, candidate);
  inputs.machine.cores_per_rank = 0.5;  // layers were timed while all ranks were busy
  const Plan shared = predicted(inputs, candidate);
  CHECK(shared.step_seconds == Approx(alone.step_seconds).epsilon(0.02));
  CHECK(shared.bubble_fraction >= 0);
  CHECK(shared.bubble_fraction < 0.02);
}

// A rank that waits for its first input loses nothing by its update; where steps overlap none
// waits.
TEST_CASE("Where steps overlap an update delays the step by all that it takes") {
  PlanInputs inputs = MadeUp{}.inputs();
  inputs.machine.update_seconds_per_element = 0.5;
  inputs.model.layers.back().parameters.front().elements = 20;  // 25 on the last rank
  const Candidate candidate{.pipeline = 4, .schedule = "1f1b", .microbatches = 8};
  CHECK(predicted(inputs, candidate).update_seconds == Approx(0.5 * 10).epsilon(1e-3));
  inputs.versions = 2;
  CHECK(predicted(inputs, candidate).update_seconds == Approx(0.5 * 25).epsilon(0.01));
}

TEST_CASE("No schedule takes less than the least seconds, in which ranks are busy") {
  const PlanInputs inputs = MadeUp{.fixed = 1}.inputs();
  for (const std::string& name : schedule_names()) {
    for (const Recompute recompute : {Recompute::kNone, Recompute::kFull}) {
      const Candidate candidate{.pipeline = 2,
                                .schedule = name,
                                .virtual_stages = default_virtual_stages(name),
                                .microbatches = 5,
                                .recompute = recompute};
      if (why_not(name, 2, candidate.virtual_stages, 5)) continue;
      INFO(name);
      const double least = Predictor(inputs).least_seconds(candidate);
      const Plan plan = predicted(inputs, candidate);
      CHECK(plan.step_seconds >= least);
      // An I that follows its F needs no R.
      if (recompute == Recompute::kNone) CHECK(plan.busy_seconds == Approx(least));
    }
  }
}

TEST_CASE("Microbatches of two sizes take what all rows take, and once each what is fixed") {
  const PlanInputs inputs = MadeUp{.layers = 2, .batch_rows = 10, .fixed = 7}.inputs();
  // Rows 3, 3, 2 and 2 on one rank; two layers, three actions each.
  const Plan plan = predicted(inputs, {.microbatches = 4});
  CHECK(plan.step_seconds == Approx(2 * 3 * (10 + 4 * 7)));
}

TEST_CASE("What the layers cost is what a search for a schedule takes") {
  PlanInputs inputs = MadeUp{}.inputs();
  inputs.machine.message_latency_seconds = 2;
  inputs.machine.message_bytes_per_second = 5;
  const Costs costs =
      Predictor(inputs).costs({.pipeline = 2, .microbatches = 4}, Placement::loop(2));
  REQUIRE(costs.stages.size() == 2);
  CHECK(costs.stages[0].forward == Approx(4 * 4));  // layers x rows
  CHECK(costs.message == Approx(2 + 4 * kInput / 5.0));
  CHECK(costs.stages[0].recompute == 0);
}

TEST_CASE("Where parameters alone are too many nothing is simulated") {
  PlanInputs inputs = MadeUp{.parameters = 1000}.inputs();
  inputs.machine.process_bytes = 50;
  const Candidate candidate{.pipeline = 2, .microbatches = 4};
  // Of 4 layers: weights, gradients and two moments in float32.
  const std::int64_t parameters = 4 * 1000 * 4 * 4;
  const Plan none = predicted(inputs, candidate, parameters + 49);
  CHECK(none.step_seconds == 0);
  CHECK(none.memory_bytes == parameters + 50);
  const Plan fits = predicted(inputs, candidate);
  CHECK(fits.memory_bytes > parameters + 50);
  CHECK(fits.step_seconds > 0);
  CHECK(predicted(inputs, candidate, fits.memory_bytes).step_seconds == fits.step_seconds);
  CHECK(predicted(inputs, candidate, fits.memory_bytes - 1).step_seconds == 0);
}

TEST_CASE("Ranks that share cores take as long as the cores have work") {
  PlanInputs inputs = MadeUp{}.inputs();
  const Candidate candidate{.pipeline = 4, .schedule = "gpipe", .microbatches = 4};
  const Plan alone = predicted(inputs, candidate);
  inputs.machine.cores_per_rank = 0.5;  // layers were timed while all ranks were busy
  const Plan shared = predicted(inputs, candidate);
  CHECK(shared.step_seconds < alone.step_seconds);  // in the bubble others are faster
  CHECK(shared.step_seconds >= Predictor(inputs).least_seconds(candidate));
}

TEST_CASE("The forms of a model are its own and those that may be chosen") {
  PlanInputs inputs = MadeUp{}.inputs();
  CHECK(inputs.forms() == std::vector<ModelForm>{{}});
  inputs.other_forms[{2, DType::kFloat32}] = MadeUp{.layers = 3}.inputs().model;
  CHECK(inputs.forms().size() == 2);
  CHECK(inputs.has({2, DType::kFloat32}));
  CHECK(!inputs.has({2, DType::kBFloat16}));
  CHECK(inputs.form({2, DType::kFloat32}).layers.size() == 3);
  CHECK(inputs.form({}).layers.size() == 8);
}
