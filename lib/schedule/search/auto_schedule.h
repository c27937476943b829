// The schedule `auto`: searched for the costs at hand within a limit on live microbatches.
// Pure and deterministic: the same input gives the same schedule on every rank. It must not know
// how costs were measured.
#pragma once

#include <optional>
#include <string>

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct AutoOptions {
  double live_microbatches = 0;  // most per rank, in shares of a whole rank; 0: 1F1B's, min(M, p)
  double effort = 1e8;           // actions evaluated in the search: one or two seconds
  std::optional<Placement> placement;  // unless given, a loop or, of several stages, a wave
  bool any_placement = false;          // or any other with as many stages a rank
  // Over the pipeline the limit is one more unless it is given, two where pieces wait twice.
  VocabularyPlace vocabulary = VocabularyPlace::kWhole;
};

// Why there is nothing to search for: stages that do not divide over the ranks (where no placement
// says otherwise), more than kMostActions actions, or a limit below one microbatch. Nothing if
// there is.
std::optional<std::string> why_no_search(int ranks, int microbatches, int stages,
                                         const AutoOptions& options = {});

// A schedule of p ranks and M microbatches for costs.stages.size() stages (a multiple of p, or
// those of options.placement). In simulation with gradients first it is never slower than a named
// schedule of these stages within the same limit. Every stage takes its microbatches in ascending
// order, so its losses are those of 1F1B, bit for bit. With v > 1 it chooses the placement, too,
// unless it is given. Costs of R count as part of I, which it precedes. Error(kConfiguration) with
// the reason where there is nothing to search for.
Schedule auto_schedule(int ranks, int microbatches, const Costs& costs,
                       const AutoOptions& options = {});

// Below what no schedule of these stages in ascending order can come within the limit: a schedule
// that reaches it is the best there is, and auto_schedule() stops there.
double least_makespan(int ranks, int microbatches, const Costs& costs,
                      const AutoOptions& options = {});

// The same, beside a schedule that was found: its own makespan where a search through all that
// could be shorter comes to an end, as it does for small problems.
double least_makespan(int ranks, int microbatches, const Costs& costs, const AutoOptions& options,
                      double found);

}  // namespace pipetrain
