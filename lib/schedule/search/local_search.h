// Local search: moves actions within their ranks' orders, on the longest chain, and keeps what does
// not make it longer.
#pragma once

#include <cstdint>
#include <vector>

#include "schedule/search/rank_orders.h"

namespace pipetrain::search {

// Improves `orders` in place with up to `evaluations` trials and returns its makespan.
// Deterministic for a `seed`.
double local_search(const Problem& problem, Orders& orders, long evaluations, std::uint64_t seed);

// Whether a rank's order has, on each of its stages, F, I, W for every microbatch and the limit on
// live microbatches holds.
bool is_in_order(const Problem& problem, const std::vector<Step>& order);

}  // namespace pipetrain::search
