// List scheduling: each rank, when it is free, takes what a rule prefers. A quick, regular start
// for the search.
#pragma once

#include <vector>

#include "schedule/search/rank_orders.h"

namespace pipetrain::search {

struct ListRule {
  std::vector<int> ahead;         // per stage: F may lead I by this many and no more
  std::vector<int> weights_kept;  // per rank: weight gradients put off before they come first
  // [rank][step]: a rank takes the step whose start plus reluctance is least, so this is how much
  // longer it waits for another one.
  std::vector<std::vector<double>> reluctance;
};

// The same rule on all ranks: where I and F can both start, `gradients_first` prefers I; W waits
// for an F or I that comes within the share `patience` of its time.
ListRule regular_rule(const Problem& problem, std::vector<int> ahead, bool gradients_first,
                      double patience, int weights_kept);

// Values of `ahead`, in proportion to the time until a stage's gradient is back: `factor` times
// what fills the rank's memory, or `factor` times what keeps microbatches coming at the pace of the
// slowest rank.
std::vector<int> ahead_filling_memory(const Problem& problem, double factor);
std::vector<int> ahead_by_return_time(const Problem& problem, double factor);

// Orders within the limit on live microbatches, or none if the rule runs into a deadlock.
Orders list_schedule(const Problem& problem, const ListRule& rule);

}  // namespace pipetrain::search
