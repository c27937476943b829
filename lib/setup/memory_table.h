// The ranks' tensor memory as a table for the log. It must not know how it was foreseen.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "plan/rank_memory.h"

namespace pipetrain {

// What a rank's tensors are for, in the order in which they are added up.
std::vector<std::pair<std::string, std::int64_t>> memory_kinds(const RankMemory& memory);

// Line by line: a title, the columns' names, a row per rank of the pipeline, of many ranks the
// eight fullest. What no rank has is left out.
std::vector<std::string> memory_table(const std::vector<RankMemory>& memory);

}  // namespace pipetrain
