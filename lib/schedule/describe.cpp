#include "schedule/describe.h"

#include "schedule/figures.h"

namespace pipetrain {
namespace {

std::string counted(int count, const std::string& one, const std::string& more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

std::string costs_text(const GivenCosts& costs) {
  std::string text;
  if (costs.stages.empty()) {
    const StageCost& share = costs.rank_share;
    text = "a rank's F, I, W cost " + short_number(share.forward) + ", " +
           short_number(share.backward_input) + ", " + short_number(share.backward_weight);
  } else {
    text = "costs of each stage from " + costs.stages_from;
  }
  return costs.message > 0 ? text + ", a message " + short_number(costs.message) : text;
}

}  // namespace

Description describe(const std::string& name, const Schedule& schedule, const GivenCosts& given) {
  const int v = schedule.virtual_stages;
  Description words;
  words.title = name + ": " + counted(schedule.rank_count(), "rank", "ranks") + ", ";
  if (v > 1) {
    words.title += std::to_string(v) + " stages each in a ";
    words.title += schedule.placement == Placement::kV ? "V, " : "loop, ";
  }
  words.title += counted(schedule.microbatches, "microbatch", "microbatches");
  words.remark = costs_text(given);
  const Costs costs = given.on(schedule.rank_count(), v);
  const Timeline run = simulate(schedule, costs, BackwardSends::kGradientsFirst);
  const Timeline drawn = simulate(schedule, costs, BackwardSends::kAfterBackward);
  if (drawn.makespan() != run.makespan()) {
    words.remark += "; B as one action: " + headline(drawn, "");
  }
  return words;
}

}  // namespace pipetrain
