// List scheduling: each rank, when it is free, takes what a rule prefers. A quick, regular start
// for the search.
#pragma once

#include <vector>

#include "schedule/rank_orders.h"

namespace pipetrain::search {

struct ListRule {
  bool gradients_first = true;  // prefer I to F where both can start
  double patience = 0.5;        // wait for an F or I that comes within this share of a W's time
  int weights_kept = 0;         // weight gradients that may be put off before they come first
  std::vector<int> ahead;       // per stage: F may lead I by this many and no more
};

// Values of `ahead`, in proportion to the time until a stage's gradient is back: `factor` times
// what fills the rank's memory, or `factor` times what keeps microbatches coming at the pace of the
// slowest rank.
std::vector<int> ahead_filling_memory(const Problem& problem, double factor);
std::vector<int> ahead_by_return_time(const Problem& problem, double factor);

// Orders within the limit on live microbatches, or none if the rule runs into a deadlock.
Orders list_schedule(const Problem& problem, const ListRule& rule);

}  // namespace pipetrain::search
