// The ranks' tensor memory as a table for the log. It must not know how it was foreseen.
#pragma once

#include <string>
#include <vector>

#include "plan/rank_memory.h"

namespace pipetrain {

// Line by line: a title, the columns' names, a row per rank of the pipeline, of many ranks the
// eight fullest. What no rank has is left out.
std::vector<std::string> memory_table(const std::vector<RankMemory>& memory);

}  // namespace pipetrain
