#include "plan/rank_memory.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "made_up.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"

using namespace pipetrain;

namespace {

struct Live {
  int saved = 0, for_weights = 0;  // microbatches: F done and not I; I done and not W
};

// The most on a rank at once, counted in the schedule itself. I takes before it frees.
Live most_live(const Schedule& schedule, int rank) {
  Live now, most;
  const Schedule split = split_backward(schedule);
  for (const Action& action : split.ranks[static_cast<std::size_t>(rank)]) {
    if (action.op == Op::kForward) ++now.saved;
    if (action.op == Op::kBackwardInput) ++now.for_weights;
    most = {std::max(most.saved, now.saved), std::max(most.for_weights, now.for_weights)};
    if (action.op == Op::kBackwardInput) --now.saved;
    if (action.op == Op::kBackwardWeight) --now.for_weights;
  }
  return most;
}

struct Predicted {
  std::vector<RankMemory> ranks;
  std::vector<RankParameters> parameters;
};

Predicted predict(const MadeUp& made_up, const Schedule& schedule, Recompute recompute) {
  const PlanInputs inputs = made_up.inputs();
  const int stages = schedule.stage_count();
  const std::int64_t rows = made_up.batch_rows / schedule.microbatches;
  const auto first = inputs.cut(std::vector<double>(static_cast<std::size_t>(made_up.layers)),
                                schedule.placement, {});
  std::vector<StageSizes> profiles;
  for (int s = 0; s < stages; ++s) {
    const bool last = s + 1 == stages;
    const StageCut cut{first[static_cast<std::size_t>(s)],
                       last ? made_up.layers : first[static_cast<std::size_t>(s) + 1], last};
    const StageProfile stage = stage_profile(inputs.model, layers_at(inputs.model, rows), rows, cut,
                                             inputs.recomputed.at(recompute));
    profiles.push_back({stage, stage});
  }
  const std::vector<bool> recomputes(static_cast<std::size_t>(stages),
                                     recompute == Recompute::kFull);
  const Program program = program_of(schedule, {.recomputes = recomputes});
  const auto parameters = rank_parameters(inputs.model, schedule, first);
  return {rank_memory({.training = &program,
                       .model = inputs.model,
                       .parameters = parameters,
                       .stages = profiles,
                       .larger_rows = rows,
                       .smaller_rows = rows,
                       .larger_count = schedule.microbatches,
                       .moments = inputs.moments}),
          parameters};
}

}  // namespace

TEST_CASE("A rank's memory is its parameters and what its own list of actions keeps at once") {
  for (const std::string name : {"gpipe", "1f1b", "zb-h1", "interleaved", "zbv", "v-min"}) {
    for (const int ranks : {1, 2, 4}) {
      INFO(name << " on " << ranks << " ranks");
      MadeUp made_up{.layers = 8 * ranks, .batch_rows = 16};
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 8);
      const Predicted found = predict(made_up, schedule, Recompute::kNone);
      const int layers = 8 / schedule.virtual_stages();  // of a stage
      for (int rank = 0; rank < ranks; ++rank) {
        const Live most = most_live(schedule, rank);
        const std::int64_t parameters = 8 * made_up.parameters * 4;  // bytes
        // Within an I, one layer has both at a time.
        const std::int64_t activations =
            2 * (layers * most.saved * kSaved + layers * most.for_weights * kForWeights);
        const RankMemory& memory = found.ranks[static_cast<std::size_t>(rank)];
        CHECK(memory.weights == parameters);
        CHECK(memory.gradients == parameters);
        CHECK(memory.moments == 2 * parameters);
        CHECK(memory.activations <= activations + 2 * 8 * kInput);  // and what has arrived
        const std::int64_t rest = memory.total() - 4 * parameters - activations;
        // The first stage's I and W run as one: there one layer at a time has what W needs.
        CHECK(rest >= (rank == 0 ? -2 * layers * most.for_weights * kForWeights : 0));
        CHECK(rest < 200 * kInput);  // messages and batches
      }
    }
  }
}

TEST_CASE("Where the first stage's W follows its I, one layer at a time has what W needs") {
  const MadeUp made_up{.layers = 8, .batch_rows = 8};
  const auto found = predict(made_up, generate("1f1b", 2, 1, 4), Recompute::kNone).ranks;
  const std::int64_t rows = 2, layers = 4, parameters = layers * made_up.parameters * 4;
  CHECK(found[0].total() - 4 * parameters - rows * (2 * layers * kSaved + kForWeights) <
        100 * kInput);
  CHECK(found[1].total() - 4 * parameters > rows * layers * (kSaved + kForWeights));
}

TEST_CASE("Under GPipe, recomputing all keeps of waiting microbatches only the inputs") {
  const MadeUp made_up{.layers = 8, .batch_rows = 8};
  const Schedule schedule = generate("gpipe", 2, 1, 8);
  const std::int64_t kept = predict(made_up, schedule, Recompute::kNone).ranks[0].total();
  const std::int64_t recomputed = predict(made_up, schedule, Recompute::kFull).ranks[0].total();
  // 4 layers of one microbatch at a time, and small blocks for inputs and messages.
  CHECK(std::abs(kept - recomputed - 7 * 4 * kSaved) < 10 * kInput);
}
