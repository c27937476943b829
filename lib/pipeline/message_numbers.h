// How messages tell the stages of a placement apart. It must not know how a message travels.
#pragma once

#include "comm/stage_numbers.h"
#include "schedule/placement.h"

namespace pipetrain {

// Where stages have two copies, a rank's two have numbers of their own, too.
inline StageNumbers stage_numbers(const Placement& placement) {
  if (!placement.goes_in_laps()) return {1, placement.stage_count()};
  return {placement.rank_count(), placement.most_stages()};
}

}  // namespace pipetrain
