// What a plan is searched for, from the configuration and what is asked beside it; and the
// configuration that has a plan in it. It must not know how costs are measured or plans are ranked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/grid.h"
#include "config/config.h"
#include "nn/layers/model.h"
#include "plan/planner.h"
#include "schedule/simulate/network_text.h"

namespace pipetrain {

// In the words of the command line.
struct PlanAsked {
  int ranks = 0;
  std::string memory;  // that a rank may take, as "16GiB"; empty: its share of what is free
  std::vector<std::string> precisions;  // to weigh beside the configuration's
  std::vector<int> slices;  // of sequences, to weigh beside the configuration's; empty: the usual
  NetworkAsked network;
};

// `grid` is the configuration's on so many ranks; it goes with its schedule if that goes with them.
// Error(kConfiguration) for a model that cannot be built, a precision that does not run here, and
// slices that it cannot be cut into.
PlanRequest plan_request(const PlanAsked& asked, const Config& config, const DataShape& data,
                         const Grid& grid, std::int64_t free_bytes);

Config planned_config(Config config, const Candidate& plan);

}  // namespace pipetrain
