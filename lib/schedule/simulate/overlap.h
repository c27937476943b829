// Steps that follow each other without a flush: where a rank would wait in one step it begins the
// next. Pure; it must not know weights, or who runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/table.h"
#include "schedule/program.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// Actions [first, end) of a rank's list of one step. Without any it is a mark: from here on the
// step before is over on all ranks, so nobody waits who meets the others here.
struct OverlapPart {
  bool previous = false;  // of the step before
  std::size_t first = 0, end = 0;

  bool is_mark() const { return first == end; }
  friend bool operator==(const OverlapPart&, const OverlapPart&) = default;
};

// For each rank what it runs from the first action of one step up to the first of the next: parts
// of this step, and those of the step before that are left.
using Overlap = std::vector<std::vector<OverlapPart>>;

// How the ranks of a program run its steps so that at most two are under way: a step begins when
// the one two before it is over on all ranks (PipeDream-2BW, arXiv:2006.09503, section 3.1). Each
// step keeps its own order; of two actions that could run at once the older step's goes first; a
// rank keeps no more microbatches than in one step. List scheduling under `costs`.
Overlap overlap_steps(const Program& program, const Costs& costs);

// What a step waits for, beside its own actions.
enum class StepRule : std::uint8_t {
  kFlush,  // that the step before is over on all ranks: they meet for the norm
  // With its forwards for nothing: each rank updates at once, and takes it back if need be. With
  // the rest (provisional_parts()) that the step before is over on all ranks.
  kPostValidation,
  kDelayed,  // the step two before it, as overlap_steps() has it
};

inline constexpr Choice<StepRule> kStepRules[] = {
    {StepRule::kFlush, "flush", "Each step waits until the one before is over on all ranks."},
    {StepRule::kPostValidation, "post-validation",
     "A rank goes on with the next step at once, as no update waits for the norm."},
    {StepRule::kDelayed, "delay",
     "Steps overlap: their gradients are of the weights one step before."},
};

inline std::optional<StepRule> step_rule_of(std::string_view name) {
  const auto* row = find_row(kStepRules, name);
  return row == nullptr ? std::nullopt : std::optional(row->value);
}

// So many steps of a program, one after the other: microbatch m of step s is s M + m. `overlap` is
// for kDelayed alone. Error(kConfiguration) if that deadlocks, or has more than kMostActions.
Timeline simulate_steps(const Program& program, const Costs& costs, int steps, StepRule rule,
                        const Overlap& overlap = {});

// One of many steps that follow each other, without the first one's warm-up and the last one's
// cool-down.
struct SteadyStep {
  double seconds = 0, busy = 0;  // busy: the mean rank
  double bubble_fraction() const { return 1 - busy / seconds; }
};
// About so many steps are simulated for overlap_steps() and steady_step() together.
inline constexpr int kSteadyStepEffort = 20;
// Where they overlap, as `overlap` has it; if that is empty, as overlap_steps() has it.
SteadyStep steady_step(const Program& program, const Costs& costs, StepRule rule,
                       const Overlap& overlap = {});

}  // namespace pipetrain
