// What a run says of its start once the first step is done: where the time went on the ranks, and
// what memory a process takes beside its tensors. Text only; it must not know where it is printed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/process_memory.h"
#include "base/start_times.h"

namespace pipetrain {

struct RankStart {
  StartTimes times;
  ProcessMemory memory;
  std::size_t tensor_bytes = 0;  // taken from the system
};

std::string to_text(const RankStart& rank);  // to send it to the rank that prints
RankStart rank_start_of(const std::string& text);

// A line for each phase: seconds of rank 0, of all on average and of the slowest rank in it. A rank
// that waits for others does so in the phase that it is in. Then the memory beside tensors.
std::vector<std::string> start_table(const std::vector<RankStart>& ranks);

}  // namespace pipetrain
