// An order of whole backwards for stages that stand anywhere: each rank takes what can run first.
// It must not know what a schedule is called.
#pragma once

#include <functional>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// What a rule may go by when a rank wants to begin a forward of one of its stages.
struct InFlight {
  int of_stage = 0;  // microbatches that the stage keeps
  int of_rank = 0;   // the same, summed over the rank's stages
  int later = 0;     // how many stages of the rank lie above this one
};
using MayBegin = std::function<bool(int stage, const InFlight& live)>;

// Each rank, when it is free, takes a backward if its gradient is there, the lowest stage's first,
// else the forward of the highest stage that has its input and may begin; F takes 1, B 2.
// `may_begin` must let every stage begin that keeps nothing and whose rank keeps none on its stages
// above: then the oldest microbatch always gets on, and no rank waits for ever.
RankActions whatever_comes_first(const Placement& placement, int microbatches,
                                 const MayBegin& may_begin);

}  // namespace pipetrain::generators
