// Search among the rules of list scheduling: one change of a rule changes the pattern of all
// microbatches, where a move in an order changes one. It must not know how rules make orders.
#pragma once

#include <cstdint>

#include "schedule/search/list_schedule.h"

namespace pipetrain::search {

// Changes the rule up to `trials` times, at random and cooling down. `orders`, made by `rule`,
// become the best met; returns their makespan. Deterministic for a `seed`.
double search_rules(const Problem& problem, ListRule rule, Orders& orders, long trials,
                    std::uint64_t seed);

}  // namespace pipetrain::search
