// What will hurt a run on these ranks, and what to do about it: a pure function of their checkups,
// one row of a table for each thing that is looked for. It must not know how anything was measured.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "doctor/checkup.h"

namespace pipetrain {

struct Finding {
  std::string name;  // of the row, as "slow-rank"
  std::string what;  // what was found, with figures and ranks
  std::string cure;  // what to do
};

// In the order of the table; empty: nothing was found.
std::vector<Finding> findings_of(std::span<const Checkup> ranks);

}  // namespace pipetrain
